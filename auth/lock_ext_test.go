package auth_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// failingLocks is a store whose Lock fails.
type failingLocks struct {
	mapStore

	lock func(ctx context.Context) error
}

func (s *failingLocks) Lock(ctx context.Context, _ auth.Key) (auth.Lease, error) {
	return nil, s.lock(ctx)
}

func TestRenewalWithoutALockIsLoggedAndGoesOn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lock  func(ctx context.Context) error
		waits time.Duration
		lines string // the levels that are logged, in three logins
	}{
		"no lock can be had": {func(context.Context) error { return errors.New("read-only file system") }, 0, "INFO"},
		"another holder hangs": {func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}, 20 * time.Second, "WARN WARN WARN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var logged strings.Builder
				log := slog.New(slog.NewTextHandler(&logged, nil))
				f := &fakeFlow{obtain: tokens(0, time.Hour)}
				a := newAuthenticator(t, f, auth.WithStore(&failingLocks{lock: tt.lock}), auth.WithLogger(log))
				for range 3 {
					start := time.Now()
					if err := a.Login(t.Context()); err != nil {
						t.Error(err)
					}
					if took := time.Since(start); took != tt.waits {
						t.Errorf("went on after %v, want %v", took, tt.waits)
					}
				}
				var levels []string
				for line := range strings.Lines(logged.String()) {
					_, level, _ := strings.Cut(line, "level=")
					level, _, _ = strings.Cut(level, " ")
					levels = append(levels, level)
				}
				if got := strings.Join(levels, " "); got != tt.lines {
					t.Errorf("logged %q, want %q: %s", got, tt.lines, logged.String())
				}
			})
		})
	}
}
