package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

const lockPatience = 20 * time.Second

const inMemory = "memory"

func location(s Store, k Key) string {
	if l, ok := s.(Locator); ok {
		return l.Location(k)
	}
	return fmt.Sprintf("%T", s)
}

func discard(ctx context.Context, s Store, k Key, dead *Credentials) error {
	if d, ok := s.(Discarder); ok {
		return d.Discard(ctx, k, dead)
	}
	c, err := s.Retrieve(ctx, k)
	if err == nil && c != nil && c.RefreshToken == dead.RefreshToken {
		return s.Delete(ctx, k)
	}
	if errors.Is(err, ErrNoCredentials) {
		return nil
	}
	return err
}

type lease struct {
	held  Lease
	tried bool
}

func (l *lease) take(ctx context.Context, a *Authenticator) (taken bool) {
	locker, ok := a.store.(Locker)
	if !ok || l.tried {
		return false
	}
	l.tried = true
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	held, err := locker.Lock(ctx, a.key)
	if err != nil {
		a.log.InfoContext(ctx, "cannot lock a login", slog.Any("error", err))
		return true
	}
	l.held = held
	return true
}

func (l *lease) release() {
	if l.held != nil {
		l.held.Unlock()
	}
	l.held, l.tried = nil, false
}
