package flow

import (
	"context"
	"fmt"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// Static hands out credentials that somebody else has made. It cannot renew
// them: once the server refuses them for good, the program needs new ones.
type Static struct {
	// Credentials are handed out as they are.
	Credentials *auth.Credentials
}

var _ auth.TraitedFlow = Static{}

// StaticToken is a Static with a bearer token of unknown expiry.
func StaticToken(token string) Static {
	return Static{Credentials: &auth.Credentials{AccessToken: token}}
}

// Obtain returns the credentials. Once they have ended by the local clock, or if
// there are none, the error wraps [auth.ErrRejected] and says so.
func (f Static) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	c := f.Credentials
	if c == nil || c.AccessToken == "" {
		return nil, failed(nameStatic, fmt.Errorf("%w: no token was given", auth.ErrRejected))
	}
	if err := checkToken(c.AccessToken); err != nil {
		return nil, failed(nameStatic, fmt.Errorf("%w: the given token %w", auth.ErrRejected, err))
	}
	if !c.Expiry.IsZero() && !time.Now().Before(c.Expiry) {
		return nil, failed(nameStatic, fmt.Errorf("%w: the given token ended at %s; give the program a new one, or a flow that can renew",
			auth.ErrRejected, c.Expiry.UTC().Format(time.RFC3339)))
	}
	return c, nil
}

// Traits say that nobody is needed, and that there is nothing to keep.
func (Static) Traits() auth.Traits { return auth.Traits{Name: nameStatic, Unstored: true} }

const nameStatic = "static"
