package auth

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/jetway-go/jetway/configstore"
)

// Env is what a flow may use while it logs in. It is the same for every flow of
// one endpoint, so that RPC, OAuth and discovery share one TLS and proxy setting.
type Env struct {
	// Endpoint is the backend that the login is for.
	Endpoint string
	// Config tells the OAuth endpoints; nil for flows that need none.
	Config configstore.ClientConfigStore
	// HTTP makes the requests to the authorization server; nil means a client
	// with a time limit and without redirects.
	HTTP *http.Client
	// Prompter shows a person what to do; nil means that nobody can be asked.
	Prompter Prompter
	// Logger hears of events, never of secrets; nil discards.
	Logger *slog.Logger
}

// Flow is a way to log in.
//
// Obtain gets new credentials; prev is what there was before, or nil. It honours
// ctx, and wraps [ErrRejected] when the login itself was refused for good and
// [ErrDeclined] when a person refused it or let it lapse. Every other error
// counts as passing trouble: nothing stored is lost over it.
type Flow interface {
	Obtain(ctx context.Context, env Env, prev *Credentials) (*Credentials, error)
}

// Renewer is a Flow that can replace prev without a person. Only Renew may run
// in the background. It wraps [ErrRejected] when prev can never be renewed again
// (invalid_grant, for example).
type Renewer interface {
	Renew(ctx context.Context, env Env, prev *Credentials) (*Credentials, error)
}

// Traits are what an [Authenticator] must know of a flow before it runs it. The
// zero value fits a flow that needs nobody.
type Traits struct {
	// Interactive flows need a person: their Obtain runs only inside a call that
	// was rejected, or in Login.
	Interactive bool
	// Timeout ends a login that takes longer; zero means [DefaultTimeout].
	Timeout time.Duration
	// FileStorable logins may rest in a file readable by their owner only.
	// Without it they stay in memory, or in a keyring.
	FileStorable bool
	// Name is the Flow part of a storage [Key], such as "pkce".
	Name string
}

// DefaultTimeout ends a login or renewal of a flow that names no limit.
const DefaultTimeout = 30 * time.Second

// TraitedFlow is a Flow that tells its [Traits]. A flow that does not counts as
// one that needs nobody.
type TraitedFlow interface {
	Flow
	Traits() Traits
}

// TraitsOf returns the traits of f, the zero value if it tells none.
func TraitsOf(f Flow) Traits {
	if t, ok := f.(TraitedFlow); ok {
		return t.Traits()
	}
	return Traits{}
}

// Prompter shows a person what to do next. Implementations write to where that
// person looks (a terminal's standard error), never into a program's output.
type Prompter interface {
	Prompt(ctx context.Context, p Prompt) error
}

// Prompt is one thing to tell a person.
type Prompt struct {
	// URL is to be opened in a browser.
	URL string
	// Code is to be typed at URL; empty when URL already carries it.
	Code string
	// Expiry is when the offer ends; zero means unknown.
	Expiry time.Time
}
