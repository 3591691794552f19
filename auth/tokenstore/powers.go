package tokenstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jetway-go/jetway/auth"
)

// persistent reports whether the logins in s outlive the process.
func persistent(s auth.Store) bool {
	p, ok := s.(auth.Persister)
	return ok && p.Persistent()
}

// location returns where s stores the login of k, for people to read.
func location(s auth.Store, k auth.Key) string {
	if l, ok := s.(auth.Locator); ok {
		return l.Location(k)
	}
	return fmt.Sprintf("%T", s)
}

// listOf returns the keys of the logins in s, where it can list them.
func listOf(ctx context.Context, s auth.Store) ([]auth.Key, error) {
	if l, ok := s.(auth.Lister); ok {
		return l.List(ctx)
	}
	return nil, fmt.Errorf("its logins cannot be listed: %w", errors.ErrUnsupported)
}

// discardFrom deletes what s stores under k if it has the refresh token of dead.
func discardFrom(ctx context.Context, s auth.Store, k auth.Key, dead *auth.Credentials) error {
	if d, ok := s.(auth.Discarder); ok {
		return d.Discard(ctx, k, dead)
	}
	c, err := s.Retrieve(ctx, k)
	if err == nil && c.RefreshToken == dead.RefreshToken {
		return s.Delete(ctx, k)
	}
	if errors.Is(err, auth.ErrNoCredentials) {
		return nil
	}
	return err
}
