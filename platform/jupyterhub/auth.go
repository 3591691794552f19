package jupyterhub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/jetway-go/jetway/internal/clock"
)

// Generation selects the part of the hub's API that identifies callers.
type Generation int

const (
	// Modern requests /user with the caller's token: JupyterHub 2.0 and later.
	Modern Generation = iota
	// Legacy requests /authorizations/token and /authorizations/cookie with the service's
	// own token: JupyterHub 0.7 and later, until a version that removes them. Only Legacy
	// supports the cookie that all services share.
	Legacy
)

// For [AuthConfig.CacheMaxAge].
const (
	// DefaultCacheMaxAge is how long answers are cached by default.
	DefaultCacheMaxAge = 5 * time.Minute
	// CacheForever caches answers as long as there is room.
	CacheForever time.Duration = -1
	// NoCache makes a request to the hub for every call.
	NoCache time.Duration = -2
)

// ServicesCookie is the cookie that all services of an older hub share.
const ServicesCookie = "jupyterhub-services"

// AuthConfig says how callers are identified and authorized. The zero value is right
// for a service that a hub of version 2.0 or later has started.
type AuthConfig struct {
	Config

	// Generation of the hub; the zero value is [Modern].
	Generation Generation
	// Allow says which callers are authorized.
	Allow Allow
	// CacheMaxAge is how long the hub's answers are cached, negative ones too; zero
	// means [DefaultCacheMaxAge]. A revoked token is accepted until the cached answer
	// expires.
	CacheMaxAge time.Duration
	// CookieName is the shared cookie of a [Legacy] hub; empty means [ServicesCookie].
	CookieName string
	// HTTP makes the requests to the hub; nil means a new client with the certificates
	// that the environment names. Redirects are not followed.
	HTTP *http.Client
	// Logger records rejected callers and failed requests to the hub; nil discards them.
	Logger *slog.Logger
}

// Auth identifies callers through a hub, and authorizes them. It is a
// serverauth.Verifier, and safe for concurrent use.
type Auth struct {
	config  AuthConfig
	here    *surroundings
	http    *http.Client
	log     *slog.Logger
	cookie  string
	clock   clock.Clock
	known   *cache
	flights singleflight.Group
}

// NewAuth reads parameters and variables; it makes no request. The error is an
// [*Error] and names the variable or field that is missing or wrong.
func NewAuth(config AuthConfig) (*Auth, error) {
	a, err := newAuth(config)
	if err != nil {
		return nil, setup(err)
	}
	return a, nil
}

func newAuth(config AuthConfig) (*Auth, error) {
	here, err := config.read()
	if err != nil {
		return nil, err
	}
	if _, err := here.token(); err != nil {
		return nil, err
	}
	switch {
	case config.Generation != Modern && config.Generation != Legacy:
		return nil, fmt.Errorf("Generation %d is neither Modern nor Legacy", config.Generation)
	case config.CacheMaxAge < NoCache || config.CacheMaxAge > NoCache && config.CacheMaxAge < CacheForever:
		return nil, errors.New("CacheMaxAge is negative: use CacheForever or NoCache")
	case config.Allow.Scopes == nil && config.Generation == Modern && !config.Allow.listed():
		config.Allow.Scopes = here.scopes
	case len(config.Allow.Scopes) > 0 && config.Generation == Legacy:
		return nil, errors.New("Allow.Scopes: a Legacy hub has no scopes; list Users, Groups or Services")
	case len(config.Allow.Scopes) > 0 && config.Allow.listed():
		return nil, errors.New("Allow.Scopes cannot be combined with Users, Groups, Services and Admin: remove either")
	case config.Allow.Scopes == nil && config.Allow.listed() && len(here.scopes) > 0 && config.Generation == Modern:
		return nil, fmt.Errorf("Allow has lists, which cannot be combined with the scopes of the environment (%s): "+
			"set Allow.Scopes to an empty list to use Users, Groups, Services and Admin", strings.Join(here.scopes, ", "))
	}
	a := &Auth{config: config, here: here, log: config.Logger, cookie: config.CookieName, known: newCache(config.CacheMaxAge)}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if config.Allow.Scopes == nil && !config.Allow.listed() {
		a.log.Warn("every user and service of the hub may call: neither scopes nor lists are set",
			"set", EnvServiceName+" or "+envAccessScopes+", or AuthConfig.Allow")
	}
	if a.cookie == "" {
		a.cookie = ServicesCookie
	}
	if a.http, err = here.client(config.HTTP); err != nil {
		return nil, err
	}
	return a, nil
}

// Lookup is an option of [Auth.UserForToken] and [Auth.UserForCookie].
type Lookup interface{ apply(*question) }

type lookup func(*question)

func (l lookup) apply(q *question) { l(q) }

// WithoutCache makes a request to the hub even if an answer is cached, and caches the
// new one.
func WithoutCache() Lookup { return lookup(func(q *question) { q.fresh = true }) }

// WithSession sets the id of the browser session that the token came with. An answer
// that is cached for another session is not used, so that logging out takes effect.
func WithSession(id string) Lookup { return lookup(func(q *question) { q.session = id }) }

// question is what a request to the hub is about.
type question struct {
	kind    string // "token" or "cookie"
	value   string
	session string
	fresh   bool
}

// UserForToken returns the owner of a token. The error is an [*Error], and wraps
// [ErrNoUser] if the token is not valid.
func (a *Auth) UserForToken(ctx context.Context, token string, opts ...Lookup) (*User, error) {
	return a.user(ctx, question{kind: "token", value: token}, opts)
}

// UserForCookie returns the user of a value of the shared cookie, which only a [Legacy]
// hub supports. The error is an [*Error], and wraps [ErrNoUser] if the value is not
// valid.
func (a *Auth) UserForCookie(ctx context.Context, value string, opts ...Lookup) (*User, error) {
	if a.config.Generation != Legacy {
		return nil, setup(errors.New("identifying users by shared cookie is removed in JupyterHub 2.0, use OAuth tokens; " +
			"for an older hub set Generation to Legacy"))
	}
	return a.user(ctx, question{kind: "cookie", value: strings.Trim(value, `"`)}, opts)
}

// Authorize returns nil if u may call, and otherwise an [*Error] that wraps
// [ErrNotAllowed].
func (a *Auth) Authorize(u *User) error { return classified("authorize", a.config.Allow.check(u)) }

func (a *Auth) user(ctx context.Context, q question, opts []Lookup) (*User, error) {
	for _, o := range opts {
		o.apply(&q)
	}
	u, err := a.find(ctx, q)
	return u, classified("identify", err)
}

// find returns the cached answer, or that of a request to the hub, which concurrent
// callers with the same question share. The request continues when its first caller
// leaves.
func (a *Auth) find(ctx context.Context, q question) (*User, error) {
	if !isToken(q.value) {
		return nil, ErrNoUser
	}
	key := q.key()
	if q.fresh || a.config.CacheMaxAge == NoCache {
		return a.askAndKeep(ctx, q, key)
	}
	if u, ok := a.known.get(key); ok {
		return found(u)
	}
	shared := context.WithoutCancel(ctx)
	answer := a.flights.DoChan(string(key[:]), func() (any, error) {
		if u, ok := a.known.get(key); ok { // answered since the check above
			return found(u)
		}
		return a.askAndKeep(shared, q, key)
	})
	select {
	case r := <-answer:
		u, _ := r.Val.(*User)
		return u, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func found(u *User) (*User, error) {
	if u == nil {
		return nil, ErrNoUser
	}
	return u, nil
}

// askAndKeep makes the request, and caches the user or that the hub identified none. It
// caches no other error, and no answer that may come from a proxy.
func (a *Auth) askAndKeep(ctx context.Context, q question, key cacheKey) (*User, error) {
	u, err := a.ask(ctx, q)
	if err == nil || errors.Is(err, ErrNoUser) && !errors.Is(err, errForeign) {
		a.known.put(key, u)
	}
	return u, err
}

// LoginURL returns the hub's login page, which redirects to next, a path of this host,
// after the login.
func (a *Auth) LoginURL(next string) string {
	return a.here.hub + "login?" + url.Values{"next": {next}}.Encode()
}
