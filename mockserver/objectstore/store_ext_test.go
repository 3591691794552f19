package objectstore_test

import (
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetway-go/jetway/mockserver/objectstore"
)

// fixture is a store served over loopback, with a clock that tests turn.
type fixture struct {
	*objectstore.Store

	hc   *http.Client
	late *atomic.Int64
}

func serve(t *testing.T, cfg objectstore.Config) fixture {
	t.Helper()
	start := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	f := fixture{late: new(atomic.Int64)}
	cfg.Now = func() time.Time { return start.Add(time.Duration(f.late.Load())) }
	f.Store = objectstore.New(cfg)
	srv := httptest.NewServer(f.Store)
	t.Cleanup(srv.Close)
	f.SetBaseURL(srv.URL + "/")
	f.hc = srv.Client()
	return f
}

// answer is a response whose body was read.
type answer struct {
	status int
	header http.Header
	length int64
	body   string
}

// do sends a request.
func (f fixture) do(t *testing.T, method, target, body string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := f.hc.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, res.ContentLength, string(text)}
}

func (f fixture) signPut(t *testing.T, key string, headers map[string]string) string {
	t.Helper()
	signed, err := f.SignPut(key, time.Minute, headers)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// want checks the status and that text is in the body.
func (a answer) want(t *testing.T, status int, text string) {
	t.Helper()
	if a.status != status || !strings.Contains(a.body, text) {
		t.Errorf("got %d %q, want %d with %q", a.status, a.body, status, text)
	}
}

func contentMD5(content string) string {
	sum := md5.Sum([]byte(content))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func TestUploadedObjectsCanBeDownloaded(t *testing.T) {
	t.Parallel()
	f := serve(t, objectstore.Config{})
	const key = "dir/a file=é#?.txt"
	put := f.signPut(t, key, map[string]string{"Content-MD5": contentMD5("hello"), "x-amz-meta-Team": "blue"})

	res := f.do(t, http.MethodPut, put, "hello",
		"Content-MD5", contentMD5("hello"), "X-Amz-Meta-Team", "blue", "Content-Type", "text/plain")
	res.want(t, http.StatusOK, "")

	info, ok := f.Stat(key)
	if !ok || info.Size != 5 || info.ContentType != "text/plain" || info.Metadata["team"] != "blue" || info.MD5 != md5.Sum([]byte("hello")) {
		t.Errorf("stat: %+v, %v", info, ok)
	}

	get, err := f.SignGet(key, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	res = f.do(t, http.MethodGet, get, "")
	res.want(t, http.StatusOK, "hello")
	if got := res.header.Get("X-Amz-Meta-Team"); got != "blue" || res.header.Get("Content-Type") != "text/plain" {
		t.Errorf("headers of the download: %v", res.header)
	}
	res = f.do(t, http.MethodGet, get, "", "Range", "bytes=1-3")
	res.want(t, http.StatusPartialContent, "ell")
	if got := res.header.Get("Content-Range"); got != "bytes 1-3/5" {
		t.Errorf("content range %q", got)
	}
	res = f.do(t, http.MethodGet, get, "", "Range", "bytes=9-")
	res.want(t, http.StatusRequestedRangeNotSatisfiable, "")
	res = f.do(t, http.MethodHead, get, "")
	if res.status != http.StatusOK || res.length != 5 {
		t.Errorf("head: %d, length %d", res.status, res.length)
	}
	res = f.do(t, http.MethodGet, get, "", "If-None-Match", res.header.Get("ETag"))
	res.want(t, http.StatusNotModified, "")
}

func TestOnlySignedRequestsAreServed(t *testing.T) {
	t.Parallel()
	f := serve(t, objectstore.Config{})
	digest := contentMD5("hello")
	signed := f.signPut(t, "k", map[string]string{"Content-MD5": digest})
	get, err := f.SignGet("k", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	tampered := func(change func(*url.URL, url.Values)) string {
		u, err := url.Parse(signed)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		change(u, q)
		u.RawQuery = q.Encode()
		return u.String()
	}
	other := serve(t, objectstore.Config{})

	for name, tc := range map[string]struct {
		method, url string
		header      []string
	}{
		"without the signed header":  {http.MethodPut, signed, nil},
		"with another value":         {http.MethodPut, signed, []string{"Content-MD5", contentMD5("jello")}},
		"with the header twice":      {http.MethodPut, signed, []string{"Content-MD5", digest, "Content-MD5", digest}},
		"for another method":         {http.MethodGet, signed, []string{"Content-MD5", digest}},
		"download URL for an upload": {http.MethodPut, get, nil},
		"without a signature": {http.MethodPut, tampered(func(_ *url.URL, q url.Values) { q.Del("X-Mock-Signature") }),
			[]string{"Content-MD5", digest}},
		"for another key": {http.MethodPut, tampered(func(u *url.URL, _ url.Values) { u.Path += "2" }),
			[]string{"Content-MD5", digest}},
		"with a later expiry": {http.MethodPut, tampered(func(_ *url.URL, q url.Values) { q.Set("X-Mock-Expires", "9999999999999") }),
			[]string{"Content-MD5", digest}},
		"with fewer signed headers": {http.MethodPut, tampered(func(_ *url.URL, q url.Values) { q.Set("X-Mock-SignedHeaders", "") }), nil},
		"with a credential instead": {http.MethodPut, signed, []string{"Authorization", "Bearer root"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := f.do(t, tc.method, tc.url, "hello", tc.header...)
			res.want(t, http.StatusForbidden, "<Code>SignatureDoesNotMatch</Code>")
			if _, there := f.Stat("k"); there {
				t.Error("the object was stored")
			}
		})
	}
	t.Run("of another store", func(t *testing.T) {
		t.Parallel()
		theirs := strings.SplitAfterN(other.signPut(t, "k", nil), "?", 2)[1]
		mine := strings.SplitAfterN(signed, "?", 2)[0]
		res := f.do(t, http.MethodPut, mine+theirs, "hello")
		res.want(t, http.StatusForbidden, "SignatureDoesNotMatch")
	})
}

func TestSignedURLsExpire(t *testing.T) {
	t.Parallel()
	f := serve(t, objectstore.Config{})
	signed := f.signPut(t, "k", nil)
	f.late.Store(int64(time.Minute + time.Millisecond))
	res := f.do(t, http.MethodPut, signed, "x")
	res.want(t, http.StatusForbidden, "expired")
	f.late.Store(int64(time.Minute))
	res = f.do(t, http.MethodPut, signed, "x")
	res.want(t, http.StatusOK, "")
}

func TestBadRequestsAreRefused(t *testing.T) {
	t.Parallel()
	f := serve(t, objectstore.Config{Bucket: "b", MaxSize: 8})
	signed := f.signPut(t, "k", nil)
	base := strings.TrimSuffix(strings.SplitAfterN(signed, "/b/", 2)[0], "/b/")
	missing, err := f.SignGet("missing", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		method, url, body string
		header            []string
		status            int
		code              string
	}{
		"other content":   {http.MethodPut, signed, "jello", []string{"Content-MD5", contentMD5("hello")}, http.StatusBadRequest, "BadDigest"},
		"no digest":       {http.MethodPut, signed, "hello", []string{"Content-MD5", "?"}, http.StatusBadRequest, "InvalidDigest"},
		"too large":       {http.MethodPut, signed, "123456789", nil, http.StatusRequestEntityTooLarge, "EntityTooLarge"},
		"other method":    {http.MethodPost, signed, "", nil, http.StatusMethodNotAllowed, "MethodNotAllowed"},
		"other bucket":    {http.MethodGet, base + "/c/k", "", nil, http.StatusNotFound, "NoSuchBucket"},
		"no key":          {http.MethodGet, base + "/b/", "", nil, http.StatusNotFound, "NoSuchBucket"},
		"climbing":        {http.MethodGet, base + "/b/%2e%2e/k", "", nil, http.StatusNotFound, "NoSuchBucket"},
		"missing object":  {http.MethodGet, missing, "", nil, http.StatusNotFound, "NoSuchKey"},
		"unsigned":        {http.MethodGet, base + "/b/k", "", nil, http.StatusForbidden, "SignatureDoesNotMatch"},
		"unsigned upload": {http.MethodPut, base + "/b/k", "x", nil, http.StatusForbidden, "SignatureDoesNotMatch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := f.do(t, tc.method, tc.url, tc.body, tc.header...)
			res.want(t, tc.status, "<Code>"+tc.code+"</Code>")
		})
	}
	t.Run("chunked", func(t *testing.T) {
		t.Parallel()
		body := struct{ io.Reader }{strings.NewReader("hello")} // of unknown length
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, signed, body)
		if err != nil {
			t.Fatal(err)
		}
		res, err := f.hc.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusLengthRequired {
			t.Errorf("got %d, want 411", res.StatusCode)
		}
	})
	t.Cleanup(func() { // after the parallel subtests
		if n := len(f.List("")); n != 0 {
			t.Errorf("%d objects were stored", n)
		}
	})
}

func TestCredentialsAreCountedAndChangeNothing(t *testing.T) {
	t.Parallel()
	f := serve(t, objectstore.Config{})
	signed := f.signPut(t, "k", nil)
	for i, header := range []string{"", "Authorization", "Proxy-Authorization", "Flyte-Authorization", "Cookie"} {
		var send []string
		if header != "" {
			send = []string{header, "a=b"}
		}
		res := f.do(t, http.MethodPut, signed, "x", send...)
		res.want(t, http.StatusOK, "")
		if got := f.CredentialsSeen(); got != i {
			t.Errorf("after %q: %d requests with credentials, want %d", header, got, i)
		}
	}
}

func TestStoreCopiesTheObjectsOfPrograms(t *testing.T) {
	t.Parallel()
	s := objectstore.New(objectstore.Config{Bucket: "b", MaxSize: 4})
	data := []byte("data")
	if err := s.Put("dir/k", data); err != nil {
		t.Fatal(err)
	}
	data[0] = 'X' // must not change the stored object
	got, ok := s.Get("dir/k")
	if !ok || string(got) != "data" {
		t.Errorf("get: %q, %v", got, ok)
	}
	got[0] = 'Y'
	if again, _ := s.Get("dir/k"); string(again) != "data" {
		t.Errorf("a caller changed the stored object to %q", again)
	}
	if _, ok := s.Get("k"); ok {
		t.Error("found an object that is not there")
	}
	if native := s.NativeURL("dir/k"); native != "s3://b/dir/k" {
		t.Errorf("native URL %q", native)
	}
	if key, ok := s.Key("s3://b/dir/k"); !ok || key != "dir/k" {
		t.Errorf("key %q, %v", key, ok)
	}
	if _, ok := s.Key("s3://other/dir/k"); ok {
		t.Error("took another bucket's URL")
	}
	if err := s.Put("a", nil); err != nil {
		t.Fatal(err)
	}
	if list := s.List(""); len(list) != 2 || list[0].Key != "a" || list[1].Key != "dir/k" {
		t.Errorf("list: %v", list)
	}
	if list := s.List("dir/"); len(list) != 1 {
		t.Errorf("list of a prefix: %v", list)
	}

	for _, key := range []string{"", "/a", "a/", "a//b", "..", "a/../b", "./a"} {
		if err := s.Put(key, nil); !errors.Is(err, objectstore.ErrKey) {
			t.Errorf("put %q: %v, want ErrKey", key, err)
		}
	}
	if err := s.Put("k", []byte("12345")); !errors.Is(err, objectstore.ErrTooLarge) {
		t.Errorf("put too much: %v, want ErrTooLarge", err)
	}
}

func TestSigningNeedsKeyLifetimeAndBaseURL(t *testing.T) {
	t.Parallel()
	s := objectstore.New(objectstore.Config{})
	_, err := s.SignGet("k", time.Minute)
	var detail *objectstore.Error
	if !errors.As(err, &detail) || detail.Op != "sign" || detail.Key != "k" || !errors.Is(err, objectstore.ErrNoBaseURL) {
		t.Errorf("without a base URL: %v", err)
	}
	s.SetBaseURL("http://127.0.0.1:1")
	if _, err := s.SignGet("../k", time.Minute); !errors.Is(err, objectstore.ErrKey) {
		t.Errorf("bad key: %v", err)
	}
	if _, err := s.SignPut("k", 0, nil); !errors.Is(err, objectstore.ErrLifetime) {
		t.Errorf("no lifetime: %v", err)
	}
}

// No request without a valid signature stores or returns an object.
func FuzzServeHTTP(f *testing.F) {
	s := objectstore.New(objectstore.Config{Bucket: "b"})
	s.SetBaseURL("http://store.test")
	if err := s.Put("k", []byte("secret content")); err != nil {
		f.Fatal(err)
	}
	f.Add("PUT", "/b/k", "X-Mock-Expires=9999999999999&X-Mock-SignedHeaders=host&X-Mock-Signature=00", "x")
	f.Add("GET", "/b/k", "", "")
	f.Add("GET", "/b/../k", "X-Mock-SignedHeaders=;;", "")
	f.Add("HEAD", "b", "%zz", "")
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		req := &http.Request{
			Method: method, URL: &url.URL{Path: path, RawQuery: query}, Header: http.Header{},
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		}
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, req)
		if rec.Code < 400 || strings.Contains(rec.Body.String(), "secret content") {
			t.Errorf("%s %q?%q was answered with %d %q", method, path, query, rec.Code, rec.Body)
		}
		if list := s.List(""); len(list) != 1 || list[0].Size != 14 {
			t.Errorf("%s %q?%q changed the store to %v", method, path, query, list)
		}
	})
}

func Example() {
	store := objectstore.New(objectstore.Config{Bucket: "data"})
	srv := httptest.NewServer(store)
	defer srv.Close()
	store.SetBaseURL(srv.URL)

	signed, err := store.SignPut("notes/today.txt", time.Minute, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	req, _ := http.NewRequest(http.MethodPut, signed, strings.NewReader("buy milk"))
	res, err := srv.Client().Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	content, _ := store.Get("notes/today.txt")
	fmt.Println(res.Status, store.NativeURL("notes/today.txt"), string(content))
	// Output: 200 OK s3://data/notes/today.txt buy milk
}
