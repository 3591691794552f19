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
		level string
		lines int // that are logged, in three logins
	}{
		"no lock can be had": {func(context.Context) error { return errors.New("read-only file system") }, 0, "INFO", 1},
		"another holder hangs": {func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}, 20 * time.Second, "WARN", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var logged strings.Builder
				logger := slog.New(slog.NewTextHandler(&logged, nil))
				f := &fakeFlow{obtain: tokens(0, time.Hour)}
				a := newAuthenticator(t, f, auth.WithStore(&failingLocks{lock: tt.lock}), auth.WithLogger(logger))
				for range 3 {
					start := time.Now()
					if err := a.Login(t.Context()); err != nil {
						t.Error(err)
					}
					if took := time.Since(start); took != tt.waits {
						t.Errorf("went on after %v, want %v", took, tt.waits)
					}
				}
				log := logged.String()
				if all, n := strings.Count(log, "\n"), strings.Count(log, "level="+tt.level); all != tt.lines || n != tt.lines {
					t.Errorf("logged, want %d lines of level %s: %s", tt.lines, tt.level, log)
				}
			})
		})
	}
}
