package flow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// Func makes a function a flow. It suits a way to log in that this package does not
// have: a vault, a cloud's library, a test.
//
// Errors are [*Error]. An error of Login counts as transient unless it wraps
// [auth.ErrRejected], [auth.ErrDeclined] or [auth.ErrInteractionRequired].
type Func struct {
	// Name is the Flow part of the [auth.Key] under which the login is stored. Give
	// each identity a name of its own. With a store that outlives the process, the next
	// program uses the stored token until it expires or is rejected, and only then calls
	// Login. Without a Name the login stays in memory, whatever store there is.
	Name string
	// Login returns new credentials; prev are the previous ones, or nil. It returns when
	// ctx ends. Required.
	Login func(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error)
	// Interactive reports whether Login asks a person: then it runs only inside a call
	// that was rejected, or in the Authenticator's Login. Other functions run before the
	// first call, and again in the background before the token expires.
	Interactive bool
	// Timeout ends a Login that takes longer; zero means [auth.DefaultTimeout].
	Timeout time.Duration
	// FileStorable is for tokenstore.Default: it may store such logins in a file that
	// only its owner can read, and all others in a keyring or in memory. Other stores do
	// not look at it.
	FileStorable bool
}

var (
	_ auth.TraitedFlow = Func{}
	_ auth.Renewer     = Func{}
)

const nameFunc = "func"

var errNoFunction = errors.New("no function: set Login")

// Check returns an error if there is no Login.
func (f Func) Check() error {
	if f.Login == nil {
		return fmt.Errorf("%s: %w", f.name(), errNoFunction)
	}
	return nil
}

// Obtain calls Login.
func (f Func) Obtain(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	if f.Login == nil {
		return nil, failed(f.name(), errNoFunction)
	}
	c, err := f.Login(ctx, env, prev)
	return c, failed(f.name(), err)
}

// Renew calls Login again, unless that asks a person.
func (f Func) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	if f.Interactive {
		return nil, failed(f.name(), fmt.Errorf("%w: the function asks a person", auth.ErrInteractionRequired))
	}
	return f.Obtain(ctx, env, prev)
}

// Traits returns the traits that the fields set.
func (f Func) Traits() auth.Traits {
	return auth.Traits{
		Name: f.name(), Interactive: f.Interactive, Timeout: f.Timeout, FileStorable: f.FileStorable,
		Unstored: f.Name == "",
	}
}

func (f Func) name() string { return cmp.Or(f.Name, nameFunc) }
