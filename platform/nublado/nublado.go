// Package nublado connects to Nublado, the notebook service of the Rubin Science
// Platform: one client for one user with one token, at the address that service
// discovery returns.
//
// Give a [Resolver] to clientset.For. Its Source says who the user is and where
// the token comes from: from a request with a delegated token ([FromRequest],
// [FromContext]), from a service's secret ([Service]), or from Gafaelfawr, which creates
// a new one ([Created]).
//
//	cs, err := clientset.For(ctx, nublado.Resolver{Source: nublado.FromRequest(r.Header)})
//
// [NewClient] then works with the user's lab: it starts and stops it, runs notebooks in it,
// and runs Python in a [Session].
package nublado

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/interceptors/httpauth"
	"github.com/jetway-go/jetway/internal/fault"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

// Resolver finds Nublado for one user. A client made from it belongs to that user;
// another user needs another Resolver and another client. It is safe for concurrent use.
type Resolver struct {
	// Source is who the user is; required.
	Source Source
	// Discovery is the client of service discovery, and wins over the environment;
	// nil means a new client at every Resolve, for REPERTOIRE_BASE_URL.
	Discovery *repertoire.Client
	// UserSubdomains says that this deployment serves a user's lab at a host of its own,
	// ada.nb.example.com for the Nublado at nb.example.com. The token is then sent there,
	// too, with the same scheme and port.
	UserSubdomains bool
	// Logger records the keys of new tokens, and a warning when an old answer of service
	// discovery is used; nil means that of the client (clientset.WithLogger).
	Logger *slog.Logger
	// LookupEnv finds REPERTOIRE_BASE_URL; nil means os.LookupEnv.
	LookupEnv func(name string) (value string, ok bool)
	// Environ lists the environment as os.Environ does, so that an error about a
	// missing setting can show a variable that is misspelt; nil means os.Environ, or
	// nothing if there is a LookupEnv.
	Environ func() []string
}

var _ platform.Resolver = Resolver{}

// WithLogger returns r with l as its Logger, unless it has one. clientset.For calls it
// with the logger of the client.
func (r Resolver) WithLogger(l *slog.Logger) platform.Resolver {
	r.Logger = cmp.Or(r.Logger, l)
	return r
}

// ForToken returns the Resolver for a user and a token that the program has already.
func ForToken(username, token string) Resolver {
	return Resolver{Source: Service{Username: username, Token: flow.SecretValue(token)}}
}

var (
	// ErrNublado means that service discovery lists no Nublado.
	ErrNublado = errors.New("nublado service not found in service discovery")
	// ErrGafaelfawr means that service discovery lists no Gafaelfawr.
	ErrGafaelfawr = errors.New("gafaelfawr (v1) service not found in service discovery")
)

// Error is the error of an input that is missing or wrong. It never contains a secret.
type Error struct {
	// Input is the header, variable, file or field that is wrong.
	Input string
	// Err says what is wrong with it; never nil.
	Err error
}

// Error returns the input and the cause.
func (e *Error) Error() string { return fault.Text("nublado", e.Input, "", e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Resolve checks user and token and makes a request to service discovery, and no other.
// The error is an [*Error], [repertoire.ErrURL], a [*repertoire.Error], [ErrNublado]
// or [ErrGafaelfawr].
func (r Resolver) Resolve(ctx context.Context, hc *http.Client) (platform.Target, error) {
	log := r.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if r.Source == nil {
		return platform.Target{}, &Error{Input: "Source", Err: errors.New("is not set: it says who the user is")}
	}
	who, err := r.Source.identify(log)
	if err != nil {
		return platform.Target{}, err
	}
	discovery := r.Discovery
	if discovery == nil {
		if discovery, err = repertoire.New(repertoire.Config{LookupEnv: r.LookupEnv, Environ: r.Environ, Logger: log}); err != nil {
			return platform.Target{}, err
		}
	}
	doc, err := discovery.Discover(ctx, hc)
	if err != nil {
		return platform.Target{}, err
	}
	hub, err := url.Parse(doc.UI("nublado"))
	if err != nil || hub.Host == "" {
		return platform.Target{}, ErrNublado
	}
	labs, err := r.labs(hub, who.username)
	if err != nil {
		return platform.Target{}, err
	}
	f, err := who.flow(doc)
	return platform.Target{
		Endpoint: hub.Scheme + "://" + hub.Host, // gRPC has no paths
		HTTPBase: hub.Scheme + "://" + hub.Host + strings.TrimRight(hub.EscapedPath(), "/"),
		Origins:  labs,
		Rejected: rejected(hub, doc),
		Flow:     f, User: who.username,
	}, err
}

// labs returns the origin of a user's lab, if it is another one than that of the hub.
func (r Resolver) labs(hub *url.URL, username string) ([]string, error) {
	if !r.UserSubdomains {
		return nil, nil
	}
	labs, err := subdomains(hub, username)
	if err != nil {
		return nil, err
	}
	return []string{labs[0].Scheme + "://" + labs[0].Host}, nil
}

// subdomains returns the base of a user's lab at a host of its own.
func subdomains(hub *url.URL, username string) ([]*url.URL, error) {
	if _, err := netip.ParseAddr(hub.Hostname()); err == nil {
		return nil, &Error{Input: "UserSubdomains", Err: fmt.Errorf("is set, but Nublado is at %s, which has no subdomains", hub.Host)}
	}
	lab := *hub
	lab.Host = username + "." + hub.Host
	return []*url.URL{&lab}, nil
}

// rejected returns the rule for answers that reject a token: status 401, or a redirect to
// Gafaelfawr's login. One to the hub's own OAuth server is no rejection: it is how a lab
// learns who the user is.
func rejected(hub *url.URL, doc *repertoire.Document) httpauth.Rule {
	login := []string{"/login"}
	if u, err := url.Parse(doc.Internal("gafaelfawr", "v1")); err == nil && u.Host != "" {
		login = append(login, u.Scheme+"://"+u.Host+"/login")
	}
	redirect := httpauth.LoginRedirect(login...)
	authorize := strings.TrimRight(hub.Path, "/") + "/hub/api/oauth2/authorize"
	return httpauth.Any(httpauth.Unauthorized, func(sent *http.Request, answer *http.Response) bool {
		if !redirect(sent, answer) {
			return false
		}
		to, err := sent.URL.Parse(answer.Header.Get("Location"))
		return err != nil || !strings.EqualFold(to.Host, hub.Host) || to.Path != authorize
	})
}

// identity is a user, and a function that makes the flow for that user's token from the
// answer of service discovery.
type identity struct {
	username string
	flow     func(doc *repertoire.Document) (auth.Flow, error)
}

// Source says who the user is, and where the token comes from. See [FromRequest],
// [FromContext], [Service] and [Created].
type Source interface {
	// identify makes the checks that need no network. The flow logs the keys of
	// tokens to log.
	identify(log *slog.Logger) (identity, error)
}
