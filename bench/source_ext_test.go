package bench_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/jetway-go/jetway/auth"
)

// source replaces its token whenever that is rejected.
type source struct {
	mu     sync.Mutex
	now    *auth.Credentials
	minted int
}

func (s *source) Credentials(context.Context) (*auth.Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now, nil
}

func (s *source) Refresh(_ context.Context, stale *auth.Credentials) (*auth.Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == stale {
		s.minted++
		s.now = &auth.Credentials{AccessToken: fmt.Sprintf("token-%d", s.minted)}
	}
	return s.now, nil
}
