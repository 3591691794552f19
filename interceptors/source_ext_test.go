package interceptors_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/jetway-go/jetway/auth"
)

// source returns token-1, token-2, … and counts. Like an Authenticator it replaces a
// credential once, however many calls were rejected with it.
type source struct {
	mu        sync.Mutex
	now       *auth.Credentials
	headerKey string
	asked     int // Credentials
	refreshes int // Refresh, all of them
	minted    int // Refresh that made something new
	stale     []*auth.Credentials

	credentialsErr, refreshErr error
	onRefresh                  func()
}

// newSource begins with token-0, which no gate accepts.
func newSource() *source { return &source{now: &auth.Credentials{AccessToken: "token-0"}} }

func (s *source) Credentials(ctx context.Context) (*auth.Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.now, s.credentialsErr
}

func (s *source) Refresh(ctx context.Context, stale *auth.Credentials) (*auth.Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refreshes++
	s.stale = append(s.stale, stale)
	if s.onRefresh != nil {
		s.onRefresh()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.refreshErr != nil {
		return nil, s.refreshErr
	}
	if s.now == stale {
		s.minted++
		s.now = &auth.Credentials{AccessToken: fmt.Sprintf("token-%d", s.minted), HeaderKey: s.headerKey}
	}
	return s.now, nil
}

func (s *source) counts() (refreshes, minted int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refreshes, s.minted
}
