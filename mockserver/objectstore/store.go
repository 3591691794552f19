// Package objectstore is the mock's object store: objects in memory behind an
// HTTP handler that answers signed URLs only, as S3 does.
//
// The backend signs a URL for one method, one key, an expiry and some headers; a client
// may use the URL until then and must send those headers as signed. The store reads no
// other credential, and counts requests that carry one, since a client must not send
// any. It checks bodies against their Content-MD5.
//
// Call [New], serve the [Store] over HTTP and call [Store.SetBaseURL] with its address.
package objectstore

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

// DefaultMaxSize is the default of Config.MaxSize, in bytes.
const DefaultMaxSize = 100 << 20

// Config configures a Store. The zero value works.
type Config struct {
	// Bucket is the bucket's name, in native URLs and in the path of signed ones;
	// empty means "mock".
	Bucket string
	// BaseURL is the store's address, such as "http://127.0.0.1:8080";
	// see [Store.SetBaseURL].
	BaseURL string
	// MaxSize is the size limit of one object, in bytes; 0 means [DefaultMaxSize].
	MaxSize int64
	// Now is the clock for expiry; nil means time.Now.
	Now func() time.Time
}

// Store holds the objects of one bucket. It is safe for concurrent use.
type Store struct {
	bucket  string
	maxSize int64
	now     func() time.Time
	key     []byte // signs URLs; random, so that URLs of other stores are invalid
	keeper  kept.Keeper

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

// Info describes an object.
type Info struct {
	Key  string // the name of the object in its bucket
	Size int64  // of the content, in bytes
	// MD5 is the digest of the content.
	MD5 [md5.Size]byte
	// ContentType is the content type of the upload; may be empty.
	ContentType string
	// Metadata holds the upload's x-amz-meta-* headers, without that prefix and in
	// lower case; may be nil.
	Metadata map[string]string
	// Modified is the time of the upload.
	Modified time.Time
}

// New returns an empty store, which the caller serves over HTTP.
func New(cfg Config) *Store {
	s := &Store{
		bucket: cfg.Bucket, baseURL: cfg.BaseURL, maxSize: cfg.MaxSize, now: cfg.Now,
		key: make([]byte, 32), keeper: kept.Off{}, objects: map[string]object{},
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

// SetBaseURL sets the address at which the store is served; signing needs it. If it has a
// path, strip it from requests ([net/http.StripPrefix]).
func (s *Store) SetBaseURL(base string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.baseURL = strings.TrimRight(base, "/")
}

// NativeURL returns the URI of key, "s3://bucket/key", which grants no access.
func (s *Store) NativeURL(key string) string { return "s3://" + s.bucket + "/" + key }

// Key returns the key of a [Store.NativeURL]; false for URIs of other buckets.
func (s *Store) Key(nativeURL string) (string, bool) {
	return strings.CutPrefix(nativeURL, s.NativeURL(""))
}

// Put stores a copy of data under key and replaces an existing object. The error is an
// [*Error] around [ErrKey] or [ErrTooLarge].
func (s *Store) Put(key string, data []byte) error {
	return s.put(key, slices.Clone(data), "", nil)
}

// put stores data without a copy; the caller must not change it.
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
	o := object{data: data, info: info}
	s.objects[key] = o
	s.keeper.Keep(o.change())
	return nil
}

// Get returns a copy of an object's content; false if there is none.
func (s *Store) Get(key string) ([]byte, bool) {
	o, ok := s.lookup(key)
	return bytes.Clone(o.data), ok
}

// Stat returns an object's description; false if there is none.
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

// CredentialsSeen returns the number of HTTP requests with an Authorization,
// Proxy-Authorization, Flyte-Authorization or Cookie header. The store needs none of
// them: a correct client sends none.
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
