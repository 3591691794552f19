package auth

import (
	"context"
	"sync"
)

// MemoryStore keeps credentials as long as the program runs. Of several
// Authenticators that share it only one renews a login. The zero value is ready,
// and it is safe for concurrent use; it must not be copied.
type MemoryStore struct {
	mu sync.Mutex
	// The copies are behind functions, into which package fmt cannot look: it
	// would print the unexported fields of a struct without asking them.
	logins map[Key]func() Credentials
	turns  map[Key]chan struct{} // whoever has filled it replaces the login
}

// lock makes a MemoryStore a locker.
func (s *MemoryStore) lock(ctx context.Context, k Key) (unlock func()) {
	s.mu.Lock()
	if s.turns == nil {
		s.turns = map[Key]chan struct{}{}
	}
	turn, ok := s.turns[k]
	if !ok {
		turn = make(chan struct{}, 1)
		s.turns[k] = turn
	}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }
	case <-ctx.Done():
		return func() {}
	}
}

// Store keeps a copy of c under k. Credentials without any token are an error.
func (s *MemoryStore) Store(ctx context.Context, k Key, c *Credentials) error {
	err := ctx.Err()
	if err == nil {
		err = storable(k, c)
	}
	if err != nil {
		return &Error{Op: "store", Endpoint: k.Endpoint, Err: err}
	}
	kept := *c
	kept.gen = 0
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.logins == nil {
		s.logins = map[Key]func() Credentials{}
	}
	s.logins[k] = func() Credentials { return kept }
	return nil
}

// Retrieve returns a copy of what is kept under k.
func (s *MemoryStore) Retrieve(ctx context.Context, k Key) (*Credentials, error) {
	if err := ctx.Err(); err != nil {
		return nil, &Error{Op: "retrieve", Endpoint: k.Endpoint, Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, ok := s.logins[k]
	if !ok {
		return nil, &Error{Op: "retrieve", Endpoint: k.Endpoint, Err: ErrNoCredentials}
	}
	c := kept()
	return &c, nil
}

// Delete forgets k; nothing to forget is no error.
func (s *MemoryStore) Delete(ctx context.Context, k Key) error {
	if err := ctx.Err(); err != nil {
		return &Error{Op: "delete", Endpoint: k.Endpoint, Err: err}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.logins, k)
	return nil
}
