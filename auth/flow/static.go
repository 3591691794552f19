package flow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// Static returns credentials that the program was given. It cannot refresh them: once
// the server rejects them, the program needs new ones.
type Static struct {
	// Credentials are used as they are, but for white space and quotes around the token and
	// the TokenType in front of it, as in "Bearer abc", which are removed.
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
	case f.token() == "":
		return errors.New("StaticToken was given an empty text: is a variable not set?")
	default:
		return nil
	}
}

// Obtain returns the credentials. If they have expired by the local clock, they are used
// without the expiry: clocks differ, and the server decides. Without a token the error
// wraps [auth.ErrRejected].
func (f Static) Obtain(ctx context.Context, env auth.Env, _ *auth.Credentials) (*auth.Credentials, error) {
	if f.token() == "" {
		return nil, failed(nameStatic, fmt.Errorf("%w: no token was given: set Static.Credentials", auth.ErrRejected))
	}
	c := *f.Credentials
	c.AccessToken = f.token()
	if err := checkToken(c.AccessToken); err != nil {
		return nil, failed(nameStatic, fmt.Errorf("%w: the given token %w", auth.ErrRejected, err))
	}
	if c.TokenType != auth.Raw && strings.Contains(c.AccessToken, " ") {
		return nil, failed(nameStatic, fmt.Errorf("%w: the given text holds more than one word, where only the token should be",
			auth.ErrRejected))
	}
	if !c.Expiry.IsZero() && !time.Now().Before(c.Expiry) {
		logger(env).WarnContext(ctx, "the given token has expired by this machine's clock; the server decides",
			slog.Time("expiry", c.Expiry.UTC()))
		c.Expiry = time.Time{}
	}
	if c == *f.Credentials {
		return f.Credentials, nil
	}
	return &c, nil
}

// token returns the token that was given, "" for none.
func (f Static) token() string {
	if f.Credentials == nil {
		return ""
	}
	return bareToken(f.Credentials.AccessToken, f.Credentials.TokenType)
}

// Traits returns those of a flow that needs no person and no store.
func (Static) Traits() auth.Traits { return auth.Traits{Name: nameStatic, Unstored: true} }

const nameStatic = "static"
