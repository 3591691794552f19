package auth

import (
	"context"
	"log/slog"
	"net/http"
	"reflect"
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
// (invalid_grant, for example), and [ErrInteractionRequired] when it cannot be
// renewed here, but stays as it is (it is from another server, for example).
type Renewer interface {
	Renew(ctx context.Context, env Env, prev *Credentials) (*Credentials, error)
}

// Revoker is a Flow that can tell the server to end a login (RFC 7009). It takes
// back the refresh token first, then the access token, and answers nil when the
// server knows of no such thing. Logout calls it.
type Revoker interface {
	Revoke(ctx context.Context, env Env, c *Credentials) error
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
	// Unstored logins are not worth keeping: the flow has its token at hand, and
	// what a store remembers would only be older.
	Unstored bool
	// Name is the Flow part of a storage [Key]: [StoredFlow] for every flow that
	// asks a person, so that each finds the login of the others; a name of its own,
	// such as "client_credentials", for a flow that needs nobody.
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

// TraitsOf returns the traits of f, the zero value if it has none. A flow without a
// Name gets that of its type, such as "example.com/program/vault.Login".
func TraitsOf(f Flow) Traits {
	var traits Traits
	if t, ok := f.(TraitedFlow); ok {
		traits = t.Traits()
	}
	if traits.Name == "" && f != nil {
		traits.Name = typeName(reflect.TypeOf(f))
	}
	return traits
}

func typeName(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() == "" {
		return t.String()
	}
	return t.PkgPath() + "." + t.Name()
}

// Prompter shows a person what to do next. Implementations write to where that
// person looks (a terminal's standard error), never into a program's output. A
// Prompter that can also read answers is a [Replier].
type Prompter interface {
	Prompt(ctx context.Context, p Prompt) error
}

// Replier is an optional part of a [Prompter] that can read what the person
// answers: the address that a browser ended at, where the browser runs on another
// machine than the program.
type Replier interface {
	// Reply returns the next line, without its end. It leaves when ctx ends; any
	// error means that there will be no more. One call is under way at a time.
	Reply(ctx context.Context) (string, error)
}

// Prompt is one thing to tell a person. Its URLs are http or https, and hold no
// character that a terminal would obey; nor does its Code.
type Prompt struct {
	// URL is to be opened in a browser.
	URL string
	// CompleteURL is URL with Code in it, fit for a link or a QR code; may be
	// empty (RFC 8628 §3.3.1).
	CompleteURL string
	// Code is to be typed at URL, or compared with what CompleteURL shows; empty
	// when none is needed.
	Code string
	// Expiry is when the offer ends; zero means unknown.
	Expiry time.Time
	// Opening says that a browser is about to be opened at URL.
	Opening bool
	// Pasting says that a reply is read: the address that the browser ends at.
	Pasting bool
	// Problem is what was wrong with the last reply; empty the first time.
	Problem string
}
