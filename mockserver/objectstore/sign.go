package objectstore

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Names of a signed URL's query parameters.
const (
	queryExpires   = "X-Mock-Expires" // milliseconds since 1970
	queryHeaders   = "X-Mock-SignedHeaders"
	querySignature = "X-Mock-Signature"
)

// SignPut returns a URL for a PUT of the object within lifetime. Requests must carry
// these headers with exactly these values (the case of names is insignificant), and may
// carry others. The error is an [*Error] around [ErrKey], [ErrLifetime] or
// [ErrNoBaseURL].
func (s *Store) SignPut(key string, lifetime time.Duration, headers map[string]string) (string, error) {
	return s.sign(http.MethodPut, key, lifetime, headers)
}

// SignGet returns a URL for GET and HEAD of the object within lifetime. The object need
// not exist yet. Errors are those of [Store.SignPut].
func (s *Store) SignGet(key string, lifetime time.Duration) (string, error) {
	return s.sign(http.MethodGet, key, lifetime, nil)
}

func (s *Store) sign(method, key string, lifetime time.Duration, headers map[string]string) (string, error) {
	s.mu.Lock()
	base := s.baseURL
	s.mu.Unlock()
	switch {
	case !validKey(key):
		return "", &Error{Op: "sign", Key: key, Err: ErrKey}
	case lifetime <= 0:
		return "", &Error{Op: "sign", Key: key, Err: ErrLifetime}
	case base == "":
		return "", &Error{Op: "sign", Key: key, Err: ErrNoBaseURL}
	}
	sent := http.Header{}
	for name, value := range headers {
		sent.Set(name, value)
	}
	names := slices.Sorted(maps.Keys(sent))
	expires := strconv.FormatInt(s.now().Add(lifetime).UnixMilli(), 10)
	query := url.Values{
		queryExpires:   {expires},
		queryHeaders:   {strings.ToLower(strings.Join(names, ";"))},
		querySignature: {s.signature(method, key, expires, names, sent)},
	}
	path := url.URL{Path: "/" + s.bucket + "/" + key}
	return base + path.EscapedPath() + "?" + query.Encode(), nil
}

// signature covers the values of the named headers, so that a request with one missing or
// changed does not match.
func (s *Store) signature(method, key, expires string, names []string, sent http.Header) string {
	mac := hmac.New(sha256.New, s.key)
	fmt.Fprintf(mac, "%q %q %q", method, key, expires)
	for _, name := range names {
		fmt.Fprintf(mac, " %q %q", strings.ToLower(name), sent.Values(name))
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// verify returns why a request is refused; nil if its URL is valid.
func (s *Store) verify(r *http.Request, key string) *refusal {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	query := r.URL.Query()
	expires := query.Get(queryExpires)
	var names []string
	if list := query.Get(queryHeaders); list != "" {
		names = strings.Split(list, ";")
	}
	want := s.signature(method, key, expires, names, r.Header)
	if !hmac.Equal([]byte(want), []byte(query.Get(querySignature))) {
		return refuse(http.StatusForbidden, "SignatureDoesNotMatch",
			"the URL was not signed for this method, key and headers; signed headers: "+query.Get(queryHeaders))
	}
	if ms, err := strconv.ParseInt(expires, 10, 64); err != nil || s.now().UnixMilli() > ms {
		return refuse(http.StatusForbidden, "AccessDenied", "Request has expired")
	}
	return nil
}
