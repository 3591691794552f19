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
