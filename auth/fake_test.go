package auth_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// fakeFlow logs in by calling its functions and counts how often.
type fakeFlow struct {
	traits auth.Traits
	obtain func(ctx context.Context, n int, prev *auth.Credentials) (*auth.Credentials, error)
	renew  func(ctx context.Context, n int, prev *auth.Credentials) (*auth.Credentials, error)

	mu       sync.Mutex
	obtained int
	renewed  int
}

func (f *fakeFlow) Traits() auth.Traits { return f.traits }

func (f *fakeFlow) Obtain(ctx context.Context, _ auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	f.mu.Lock()
	f.obtained++
	n := f.obtained
	f.mu.Unlock()
	return f.obtain(ctx, n, prev)
}

func (f *fakeFlow) counts() (obtained, renewed int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.obtained, f.renewed
}

// renewable is a fakeFlow that can also renew.
type renewable struct{ *fakeFlow }

func (f renewable) Renew(ctx context.Context, _ auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	f.mu.Lock()
	f.renewed++
	n := f.renewed
	f.mu.Unlock()
	return f.renew(ctx, n, prev)
}

// tokens issues token-1, token-2, … after latency, each good for life (0 = for ever).
func tokens(latency, life time.Duration) func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
	return func(ctx context.Context, n int, _ *auth.Credentials) (*auth.Credentials, error) {
		if err := sleep(ctx, latency); err != nil {
			return nil, err
		}
		return issue(fmt.Sprintf("token-%d", n), life), nil
	}
}

func issue(token string, life time.Duration) *auth.Credentials {
	c := &auth.Credentials{AccessToken: token, IssuedAt: time.Now()}
	if life > 0 {
		c.Expiry = c.IssuedAt.Add(life)
	}
	return c
}

func failing(err error) func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
	return func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) { return nil, err }
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var testKey = auth.Key{Endpoint: "flyte.example.com", ClientID: "robot", Flow: "fake"}

func newAuthenticator(t *testing.T, f auth.Flow, opts ...auth.Option) *auth.Authenticator {
	t.Helper()
	a := auth.New(testKey, f, auth.Env{Endpoint: testKey.Endpoint}, opts...)
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// token asks for credentials and returns their token, "" for none.
func token(t *testing.T, a *auth.Authenticator) string {
	t.Helper()
	c, err := a.Credentials(t.Context())
	if err != nil {
		t.Fatalf("Credentials: %v", err)
	}
	if c == nil {
		return ""
	}
	return c.AccessToken
}

// mapStore is a Store that tests can look into and break.
type mapStore struct {
	mu   sync.Mutex
	m    map[auth.Key]auth.Credentials
	fail error
	log  []string
}

func (s *mapStore) Store(_ context.Context, k auth.Key, c *auth.Credentials) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, "store "+c.AccessToken)
	if s.fail != nil {
		return s.fail
	}
	if s.m == nil {
		s.m = map[auth.Key]auth.Credentials{}
	}
	s.m[k] = *c
	return nil
}

func (s *mapStore) Retrieve(_ context.Context, k auth.Key) (*auth.Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return nil, s.fail
	}
	c, ok := s.m[k]
	if !ok {
		return nil, auth.ErrNoCredentials
	}
	return &c, nil
}

func (s *mapStore) Delete(_ context.Context, k auth.Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, "delete")
	delete(s.m, k)
	return nil
}

func (s *mapStore) holds(k auth.Key) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.m[k].AccessToken
}
