// Package objectstore is the mock's object store: objects in memory behind an
// HTTP handler that answers signed URLs only, as S3 does.
//
// The backend signs a URL for one method, one key, a time and some headers; who
// holds the URL may use it until then and must send those headers as they were
// signed. No other credential is asked for or looked at, and the store counts
// requests that carried one, for a client must not send any. Bodies are checked
// against their Content-MD5.
//
// Call [New], serve the [Store] over HTTP and tell it with [Store.SetBaseURL]
// where that is.
package objectstore

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"time"
)

// DefaultMaxSize is the largest object that a store takes unless told otherwise.
const DefaultMaxSize = 100 << 20

// Config is what a Store is made of. The zero value works.
type Config struct {
	// Bucket is the bucket's name, in native URLs and in the path of signed ones;
	// empty means "mock".
	Bucket string
	// BaseURL is where the store is served, such as "http://127.0.0.1:8080";
	// see [Store.SetBaseURL].
	BaseURL string
	// MaxSize caps one object, in bytes; 0 means [DefaultMaxSize].
	MaxSize int64
	// Now is the clock that URLs expire by; nil means time.Now.
	Now func() time.Time
}

// Store holds the objects of one bucket. Safe for concurrent use.
type Store struct {
	bucket  string
	maxSize int64
	now     func() time.Time
	key     []byte // signs URLs; random, so that no URL outlives its store

	mu      sync.Mutex // guards everything below
	baseURL string
	objects map[string]object
	leaks   int
}

// object is immutable once it is in the map.
type object struct {
	data []byte
	info Info
}

// Info is what the store knows of an object.
type Info struct {
	Key  string
	Size int64
	// MD5 is the digest of the content.
	MD5 [md5.Size]byte
	// ContentType is as the upload said; may be empty.
	ContentType string
	// Metadata holds the upload's x-amz-meta-* headers, without that prefix and in
	// lower case; may be nil.
	Metadata map[string]string
	// Modified is when the object was put.
	Modified time.Time
}

// New returns an empty store. It opens nothing; serve it over HTTP yourself.
func New(cfg Config) *Store {
	s := &Store{
		bucket: cfg.Bucket, baseURL: cfg.BaseURL, maxSize: cfg.MaxSize, now: cfg.Now,
		key: make([]byte, 32), objects: map[string]object{},
	}
	if s.bucket == "" {
		s.bucket = "mock"
	}
	if s.maxSize <= 0 {
		s.maxSize = DefaultMaxSize
	}
	if s.now == nil {
		s.now = time.Now
	}
	_, _ = rand.Read(s.key) // never fails: crypto/rand ends the program instead
	return s
}

// SetBaseURL tells where the store is served; signing needs it. Its path, if it
// has one, must be stripped from requests before they reach the store
// ([net/http.StripPrefix]).
func (s *Store) SetBaseURL(base string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.baseURL = strings.TrimRight(base, "/")
}

// NativeURL is the store's own name of key: "s3://bucket/key". It needs no
// network and grants nothing.
func (s *Store) NativeURL(key string) string { return "s3://" + s.bucket + "/" + key }

// Key is the inverse of [Store.NativeURL]; false for URLs of other buckets.
func (s *Store) Key(nativeURL string) (string, bool) {
	return strings.CutPrefix(nativeURL, s.NativeURL(""))
}

// Put stores a copy of data under key, in place of what was there. The error is
// an [*Error] around [ErrKey] or [ErrTooLarge].
func (s *Store) Put(key string, data []byte) error {
	return s.put(key, slices.Clone(data), "", nil)
}

// put stores data itself; the caller must not touch it again.
func (s *Store) put(key string, data []byte, contentType string, meta map[string]string) error {
	if !validKey(key) {
		return &Error{Op: "put", Key: key, Err: ErrKey}
	}
	if int64(len(data)) > s.maxSize {
		return &Error{Op: "put", Key: key, Err: ErrTooLarge}
	}
	info := Info{
		Key: key, Size: int64(len(data)), MD5: md5.Sum(data), ContentType: contentType,
		Metadata: meta, Modified: s.now(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[key] = object{data: data, info: info}
	return nil
}

// Get returns a copy of an object's content; false if there is none.
func (s *Store) Get(key string) ([]byte, bool) {
	o, ok := s.lookup(key)
	return bytes.Clone(o.data), ok
}

// Stat returns what is known of an object; false if there is none.
func (s *Store) Stat(key string) (Info, bool) {
	o, ok := s.lookup(key)
	return o.info.clone(), ok
}

// List returns the objects whose keys begin with prefix, sorted by key.
func (s *Store) List(prefix string) []Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Info
	for key, o := range s.objects {
		if strings.HasPrefix(key, prefix) {
			out = append(out, o.info.clone())
		}
	}
	slices.SortFunc(out, func(a, b Info) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// CredentialsSeen counts the HTTP requests that carried an Authorization,
// Proxy-Authorization, Flyte-Authorization or Cookie header. The store needs
// none of them, so a careful client leaves this at 0.
func (s *Store) CredentialsSeen() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leaks
}

func (s *Store) lookup(key string) (object, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.objects[key]
	return o, ok
}
