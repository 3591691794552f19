package auth_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// betweenReadAndWrite is a database in which another program stores a login right after
// the first read that finds none.
type betweenReadAndWrite struct {
	*database

	stored bool
}

func (s *betweenReadAndWrite) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	c, err := s.database.Retrieve(ctx, k)
	if errors.Is(err, auth.ErrNoCredentials) && !s.stored {
		s.stored = true
		return nil, errors.Join(err, s.Store(ctx, k, issue("elsewhere", time.Hour)))
	}
	return c, err
}

// The reason why a login ended is of less worth than any login, and than a logout.
func TestReasonOfAnEndedLoginOverwritesNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		store     func(*database) auth.Store
		meanwhile func(*fleet)
		stored    string
	}{
		"another program logs in at the last moment": {
			func(d *database) auth.Store { return &betweenReadAndWrite{database: d} }, func(*fleet) {}, "elsewhere",
		},
		"the lease is lost and another holder logs out": {
			func(d *database) auth.Store { return d },
			func(f *fleet) { f.expire(testKey); _ = f.Delete(context.Background(), testKey) }, "nothing",
		},
		"the lease is lost and another holder logs out, no Swap": {
			func(d *database) auth.Store { return withoutSwap{d, d} },
			func(f *fleet) { f.expire(testKey); _ = f.Delete(context.Background(), testKey) }, "nothing",
		},
		"nothing else happens": {func(d *database) auth.Store { return d }, func(*fleet) {}, "access-0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFleet()
				fake, flow := person()
				fake.renew = func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
					_ = sleep(ctx, 10*time.Second)
					return nil, fmt.Errorf("%w: invalid_grant", auth.ErrRejected)
				}
				a := newAuthenticator(t, flow, auth.WithStore(tt.store(f.database)))
				done := make(chan struct{})
				go func() { _, _ = a.Credentials(t.Context()); close(done) }()
				time.Sleep(time.Second)
				tt.meanwhile(f)
				<-done
				if got := f.stored(t); got != tt.stored {
					t.Errorf("stored is %q, want %q", got, tt.stored)
				}
			})
		})
	}
}
