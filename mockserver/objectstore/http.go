package objectstore

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
)

const metaPrefix = "X-Amz-Meta-"

// ServeHTTP answers PUT, GET (with ranges and conditions) and HEAD of signed URLs. Errors
// have a short XML body with a code, as those of S3.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.noteCredentials(r.Header)
	if no := s.serve(w, r); no != nil {
		no.write(w)
	}
}

func (s *Store) serve(w http.ResponseWriter, r *http.Request) *refusal {
	switch r.Method {
	case http.MethodPut, http.MethodGet, http.MethodHead:
	default:
		w.Header().Set("Allow", "GET, HEAD, PUT")
		return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "use PUT, GET or HEAD")
	}
	key, ok := strings.CutPrefix(r.URL.Path, "/"+s.bucket+"/")
	if !ok || !validKey(key) {
		return refuse(http.StatusNotFound, "NoSuchBucket", "paths begin with /"+s.bucket+"/")
	}
	if no := s.verify(r, key); no != nil {
		return no
	}
	if r.Method == http.MethodPut {
		return s.serveUpload(w, r, key)
	}
	return s.serveDownload(w, r, key)
}

func (s *Store) serveUpload(w http.ResponseWriter, r *http.Request, key string) *refusal {
	if r.ContentLength < 0 {
		return refuse(http.StatusLengthRequired, "MissingContentLength", "send a Content-Length, not chunks")
	}
	if r.ContentLength > s.maxSize {
		return refuse(http.StatusRequestEntityTooLarge, "EntityTooLarge", ErrTooLarge.Error())
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.maxSize))
	if err != nil {
		return refuse(http.StatusBadRequest, "IncompleteBody", "the body ended early")
	}
	sum := md5.Sum(data)
	if text := r.Header.Get("Content-MD5"); text != "" {
		want, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return refuse(http.StatusBadRequest, "InvalidDigest", "Content-MD5 is not base64")
		}
		if !bytes.Equal(want, sum[:]) {
			return refuse(http.StatusBadRequest, "BadDigest", "the content does not have the Content-MD5 that was sent")
		}
	}
	var meta map[string]string
	for name, values := range r.Header {
		if rest, ok := strings.CutPrefix(name, metaPrefix); ok {
			if meta == nil {
				meta = map[string]string{}
			}
			meta[strings.ToLower(rest)] = strings.Join(values, ",")
		}
	}
	if err := s.put(key, data, r.Header.Get("Content-Type"), meta); err != nil {
		code := http.StatusBadRequest
		if errors.Is(err, ErrTooLarge) {
			code = http.StatusRequestEntityTooLarge
		}
		return refuse(code, "InvalidRequest", err.Error())
	}
	w.Header().Set("ETag", etag(sum))
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Store) serveDownload(w http.ResponseWriter, r *http.Request, key string) *refusal {
	o, ok := s.lookup(key)
	if !ok {
		return refuse(http.StatusNotFound, "NoSuchKey", "no object has this key")
	}
	h := w.Header()
	h.Set("ETag", etag(o.info.MD5))
	h.Set("Content-Type", "application/octet-stream")
	if o.info.ContentType != "" {
		h.Set("Content-Type", o.info.ContentType)
	}
	for name, value := range o.info.Metadata {
		h.Set(metaPrefix+name, value)
	}
	http.ServeContent(w, r, "", o.info.Modified, bytes.NewReader(o.data))
	return nil
}

func (s *Store) noteCredentials(h http.Header) {
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Flyte-Authorization", "Cookie"} {
		if len(h.Values(name)) > 0 {
			s.mu.Lock()
			s.leaks++
			s.mu.Unlock()
			return
		}
	}
}

func etag(sum [md5.Size]byte) string { return `"` + hex.EncodeToString(sum[:]) + `"` }

// refusal is an answer other than success.
type refusal struct {
	XMLName xml.Name `xml:"Error"`
	Code    string   `xml:"Code"`
	Message string   `xml:"Message"`

	status int
}

func refuse(status int, code, message string) *refusal {
	return &refusal{status: status, Code: code, Message: message}
}

func (no *refusal) write(w http.ResponseWriter) {
	body, err := xml.Marshal(no)
	if err != nil {
		body = nil // the status says enough
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(no.status)
	_, _ = w.Write(body) // fails only when the client has gone
}
