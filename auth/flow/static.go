package flow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// Static returns credentials that the program was given. It cannot refresh them: once
// the server rejects them, the program needs new ones.
type Static struct {
	// Credentials are used as they are.
	Credentials *auth.Credentials
}

var _ auth.TraitedFlow = Static{}

// StaticToken returns a Static with a bearer token of unknown expiry.
func StaticToken(token string) Static {
	return Static{Credentials: &auth.Credentials{AccessToken: token}}
}

// Check returns an error if there is no token, which is so for the text of a variable
// that is not set.
func (f Static) Check() error {
	switch {
	case f.Credentials == nil:
		return errors.New("static: no token was given: set Static.Credentials")
	case f.Credentials.AccessToken == "":
		return errors.New("StaticToken was given an empty text: is a variable not set?")
	default:
		return nil
	}
}

// Obtain returns the credentials. Once they have expired by the local clock, or if there
// are none, the error wraps [auth.ErrRejected].
func (f Static) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	c := f.Credentials
	if c == nil || c.AccessToken == "" {
		return nil, failed(nameStatic, fmt.Errorf("%w: no token was given: set Static.Credentials", auth.ErrRejected))
	}
	if err := checkToken(c.AccessToken); err != nil {
		return nil, failed(nameStatic, fmt.Errorf("%w: the given token %w", auth.ErrRejected, err))
	}
	if !c.Expiry.IsZero() && !time.Now().Before(c.Expiry) {
		return nil, failed(nameStatic, fmt.Errorf("%w: the given token expired at %s; give the program a new one, or a flow that can refresh",
			auth.ErrRejected, c.Expiry.UTC().Format(time.RFC3339)))
	}
	return c, nil
}

// Traits returns those of a flow that needs no person and no store.
func (Static) Traits() auth.Traits { return auth.Traits{Name: nameStatic, Unstored: true} }

const nameStatic = "static"
