package auth

import (
	"context"
	"log/slog"
	"net/http"
	"reflect"
	"time"

	"github.com/jetway-go/jetway/configstore"
)

// Env is what a flow may use while it logs in. It is the same for every flow of one
// endpoint, so that RPC, OAuth and discovery share their TLS and proxy settings.
type Env struct {
	// Endpoint is the backend that the login is for.
	Endpoint string
	// Config holds the OAuth endpoints; nil for flows that need none.
	Config configstore.ClientConfigStore
	// Plaintext lets secrets go to endpoints without TLS that Config names; see
	// [configstore.AllowPlaintext]. Otherwise they stay on this machine without TLS.
	Plaintext bool
	// HTTP makes the requests to the authorization server; nil means a client
	// with a time limit and without redirects.
	HTTP *http.Client
	// Prompter shows a person what to do; nil means that no person can be asked. See
	// [Terminal].
	Prompter Prompter
	// Logger receives events, never secrets; nil discards them.
	Logger *slog.Logger
}

// Flow is a way to log in.
//
// Obtain returns new credentials; prev are the previous ones, without tokens if they cannot
// be used any more, or nil if there were none. It returns when ctx ends. An
// [Authenticator] runs one Obtain or Renew at a time; a flow that several Authenticators
// share must be safe for concurrent use. Its error wraps [ErrRejected] when the server
// rejected the login for good, and [ErrDeclined] when a person refused it or did not finish
// it in time. Every other error counts as transient: the stored login stays. An error that
// has a method RetryAfter() time.Duration in its chain says how long to leave the server
// alone; five minutes are the most that is followed. A token that no call can carry is an
// error, and the next call asks the flow again. A panic in a flow fails the login with an
// error that names the flow.
type Flow interface {
	Obtain(ctx context.Context, env Env, prev *Credentials) (*Credentials, error)
}

// Renewer is a [Flow] that can refresh prev without a person. In the background only
// Renew is called, never Obtain. Its error wraps [ErrRejected] when prev can never be
// refreshed again (invalid_grant, for example), and [ErrInteractionRequired] when this
// program cannot refresh it but another may (another server issued it, for example).
//
// Credentials beside an error are for the answer of a server that is of no use but holds
// the next refresh token: prev with that in place of its own. It is kept, since the server
// may have ended the one before it.
type Renewer interface {
	Renew(ctx context.Context, env Env, prev *Credentials) (*Credentials, error)
}

// Revoker is a Flow that can revoke the tokens of a login (RFC 7009). It revokes the
// refresh token first, then the access token, and returns nil if the server does not
// support revocation. Logout calls it.
type Revoker interface {
	Revoke(ctx context.Context, env Env, c *Credentials) error
}

// Changer is a [Flow] whose token another program replaces, in a file for example.
//
// Changed reports whether Obtain would return another access token than that of prev, which
// is nil if there was none. It sends nothing and does not wait. While a failure is
// remembered, an [Authenticator] asks before it answers a call with it, so that the next
// token is used at once.
type Changer interface {
	Changed(prev *Credentials) bool
}

// Traits are what an [Authenticator] must know of a flow before it runs it. The zero
// value is that of a flow that needs no person.
type Traits struct {
	// Interactive flows need a person: their Obtain runs only inside a call that
	// was rejected, or in Login.
	Interactive bool
	// Timeout ends a login that takes longer; zero means [DefaultTimeout].
	Timeout time.Duration
	// FileStorable logins may be stored in a file that only its owner can read. Without
	// it they are stored in a keyring or in memory.
	FileStorable bool
	// Unstored logins are not stored: the flow has its token at hand, and a stored one
	// could only be older.
	Unstored bool
	// Name is the Flow part of a storage [Key]: [StoredFlow] for the OAuth flows that ask
	// a person, so that each finds the login of the others; a name of its own, such as
	// "client_credentials", for every other flow. [TraitsOf] puts the type's name in place
	// of an empty one, so that custom flows do not share a login by accident.
	Name string
	// ClientID and Audience are those that the flow itself names, for the [Key] of its
	// logins; empty where the configuration says them.
	ClientID, Audience string
	// Scope lists, separated by spaces, the scopes that the flow itself names. A stored
	// login that asked for fewer is replaced where a new one may be made.
	Scope string
}

// DefaultTimeout ends a login or refresh of a flow without a Timeout.
const DefaultTimeout = 30 * time.Second

// limit returns how long a login of the flow may take.
func (t Traits) limit() time.Duration {
	if t.Timeout > 0 {
		return t.Timeout
	}
	return DefaultTimeout
}

// TraitedFlow is a Flow with [Traits]. Any other flow counts as one that needs no
// person.
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

// Prompter shows a person what to do next, where that person sees it (the standard error
// of a terminal), never in a program's output. A Prompter that can also read replies is a
// [Replier]. [Terminal] returns the usual one.
type Prompter interface {
	Prompt(ctx context.Context, p Prompt) error
}

// Replier is an optional part of a [Prompter] that can read the person's reply: the
// address that a browser ended at, if it runs on another machine than the program.
type Replier interface {
	// Reply returns the next line, without its end. It returns when ctx ends; any error
	// means that there will be no more lines. A flow makes one call at a time.
	Reply(ctx context.Context) (string, error)
}

// Prompt is one message to a person. Its URLs are http or https; neither they nor Code
// hold control characters.
type Prompt struct {
	// URL is the page to open in a browser.
	URL string
	// CompleteURL is URL with Code in it, for a link or a QR code; may be empty (RFC 8628
	// §3.3.1).
	CompleteURL string
	// Code is typed at URL, or compared with the one that CompleteURL shows; empty if
	// none is needed.
	Code string
	// Expiry is when the login times out; zero means unknown.
	Expiry time.Time
	// Opening reports whether a browser is about to be opened at URL.
	Opening bool
	// Pasting reports whether the person can paste, as a reply, the address that the
	// browser ended at.
	Pasting bool
	// Problem is what was wrong with the last reply, for the person to read; empty the
	// first time.
	Problem string
}
