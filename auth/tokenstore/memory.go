package tokenstore

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/jetway-go/jetway/auth"
)

// MemoryStore stores logins as long as the program runs. Of several Authenticators
// that share it only one refreshes a login. The zero value is ready, and it is safe
// for concurrent use; it must not be copied.
type MemoryStore struct {
	mu sync.Mutex
	// The copies are behind functions, which package fmt cannot print: it does not call
	// Format for values in unexported fields.
	logins map[auth.Key]func() auth.Credentials
	locks  map[auth.Key]chan struct{} // full while the login is locked
}

const inMemory = "memory"

// Store stores a copy of c under k. Credentials without any token are an error.
func (s *MemoryStore) Store(ctx context.Context, k auth.Key, c *auth.Credentials) error {
	_, err := s.store(ctx, k, c, func() bool { return true })
	return err
}

// Swap stores a copy of next under k if the login there has the ID oldID, and
// reports whether it did. Credentials without any token are an error.
func (s *MemoryStore) Swap(ctx context.Context, k auth.Key, oldID string, next *auth.Credentials) (bool, error) {
	return s.store(ctx, k, next, func() bool {
		old := auth.Credentials{}
		if kept, ok := s.logins[k]; ok {
			old = kept()
		}
		return old.ID() == oldID
	})
}

// store stores a copy of c if the login that is there may go.
func (s *MemoryStore) store(ctx context.Context, k auth.Key, c *auth.Credentials, may func() bool) (bool, error) {
	err := ctx.Err()
	if err == nil {
		err = auth.CheckStorable(k, c)
	}
	if err != nil {
		return false, &auth.Error{Op: "store", Endpoint: k.Endpoint, Err: err}
	}
	kept := *c
	s.mu.Lock()
	defer s.mu.Unlock()
	if !may() {
		return false, nil
	}
	if s.logins == nil {
		s.logins = map[auth.Key]func() auth.Credentials{}
	}
	s.logins[k] = func() auth.Credentials { return kept }
	return true, nil
}

// Retrieve returns a copy of what is stored under k.
func (s *MemoryStore) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	if err := ctx.Err(); err != nil {
		return nil, &auth.Error{Op: "retrieve", Endpoint: k.Endpoint, Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, ok := s.logins[k]
	if !ok {
		return nil, &auth.Error{Op: "retrieve", Endpoint: k.Endpoint, Err: auth.ErrNoCredentials}
	}
	c := kept()
	return &c, nil
}

// Find returns the key of the newest login that k matches, or k.
func (s *MemoryStore) Find(ctx context.Context, k auth.Key) (auth.Key, error) {
	if err := ctx.Err(); err != nil {
		return k, &auth.Error{Op: "retrieve", Endpoint: k.Endpoint, Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []match
	for key, kept := range s.logins {
		if c := kept(); k.Matches(key, &c) {
			list = append(list, match{key: key, creds: &c})
		}
	}
	if best := newest(list); best != nil {
		return best.key, nil
	}
	return k, nil
}

// Delete deletes what is stored under k; it is no error if there is nothing.
func (s *MemoryStore) Delete(ctx context.Context, k auth.Key) error {
	if err := ctx.Err(); err != nil {
		return &auth.Error{Op: "delete", Endpoint: k.Endpoint, Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.logins, k)
	return nil
}

// List returns the keys of all logins.
func (s *MemoryStore) List(ctx context.Context) ([]auth.Key, error) {
	if err := ctx.Err(); err != nil {
		return nil, &auth.Error{Op: "list", Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.logins)), nil
}

// Location returns "memory".
func (s *MemoryStore) Location(auth.Key) string { return inMemory }

// Lock waits until the login of k is locked, or until ctx ends.
func (s *MemoryStore) Lock(ctx context.Context, k auth.Key) (auth.Lease, error) {
	k = anyPurpose(k)
	s.mu.Lock()
	if s.locks == nil {
		s.locks = map[auth.Key]chan struct{}{}
	}
	lock, ok := s.locks[k]
	if !ok {
		lock = make(chan struct{}, 1)
		s.locks[k] = lock
	}
	s.mu.Unlock()
	select {
	case lock <- struct{}{}:
		return memoryLease(lock), nil
	case <-ctx.Done():
		return nil, lockError(k, ctx.Err())
	}
}

// memoryLease is a lock of a MemoryStore that is held. It is never lost.
type memoryLease chan struct{}

func (memoryLease) Lost() <-chan struct{} { return nil }

func (l memoryLease) Unlock() { <-l }
