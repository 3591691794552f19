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
)

// Generation is how a hub is asked who is calling.
type Generation int

const (
	// Modern asks /user with the caller's token: JupyterHub 2.0 and later.
	Modern Generation = iota
	// Legacy asks /authorizations/token and /authorizations/cookie with the
	// service's own: JupyterHub 0.7 and later, until a version that drops it. It is
	// the only one that knows the cookie that all services share.
	Legacy
)

// For [AuthConfig.CacheMaxAge].
const (
	// DefaultCacheMaxAge is how long answers are remembered by default.
	DefaultCacheMaxAge = 5 * time.Minute
	// CacheForever remembers answers as long as there is room.
	CacheForever time.Duration = -1
	// NoCache asks the hub every time.
	NoCache time.Duration = -2
)

// ServicesCookie is the cookie that all services of an older hub share.
const ServicesCookie = "jupyterhub-services"

// AuthConfig says how callers are identified. The zero value is right for a
// service that a hub of 2.0 or later has started.
type AuthConfig struct {
	Config

	// Generation of the hub; the zero value is [Modern].
	Generation Generation
	// Allow says who may call.
	Allow Allow
	// CacheMaxAge is how long the hub's answers are remembered, good and bad ones;
	// zero means [DefaultCacheMaxAge]. A token that is revoked goes on until then.
	CacheMaxAge time.Duration
	// CookieName is the shared cookie of a [Legacy] hub; empty means [ServicesCookie].
	CookieName string
	// HTTP asks the hub; nil means a client of its own, with the certificates that
	// the environment names. Redirects are never followed.
	HTTP *http.Client
	// Logger hears of callers that were not let in and of trouble with the hub;
	// nil discards.
	Logger *slog.Logger
}

// Auth identifies callers through a hub. It is safe for concurrent use, and a
// serverauth.Verifier.
type Auth struct {
	config  AuthConfig
	here    *surroundings
	http    *http.Client
	log     *slog.Logger
	cookie  string
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
		return nil, errors.New("Allow.Scopes: a Legacy hub knows no scopes; list Users, Groups or Services")
	case len(config.Allow.Scopes) > 0 && config.Allow.listed():
		return nil, errors.New("Allow.Scopes decide alone: drop them, or Users, Groups, Services and Admin")
	case config.Allow.Scopes == nil && config.Allow.listed() && len(here.scopes) > 0 && config.Generation == Modern:
		return nil, fmt.Errorf("Allow says who may call, but the scopes of the environment (%s) decide alone: "+
			"set Allow.Scopes to an empty list to go by Users, Groups, Services and Admin", strings.Join(here.scopes, ", "))
	}
	a := &Auth{config: config, here: here, log: config.Logger, cookie: config.CookieName, known: newCache(config.CacheMaxAge)}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if config.Allow.Scopes == nil && !config.Allow.listed() {
		a.log.Warn("everybody whom the hub knows may call: no scopes and no lists say who may",
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

// Lookup changes one question to the hub.
type Lookup interface{ apply(*question) }

type lookup func(*question)

func (l lookup) apply(q *question) { l(q) }

// WithoutCache asks the hub now, whatever is remembered, and remembers the answer.
func WithoutCache() Lookup { return lookup(func(q *question) { q.fresh = true }) }

// WithSession names the browser session that the token came with. What is
// remembered for another session does not count, so that logging out does.
func WithSession(id string) Lookup { return lookup(func(q *question) { q.session = id }) }

// question is what the hub is asked.
type question struct {
	kind    string // "token" or "cookie"
	value   string
	session string
	fresh   bool
}

// UserForToken returns whose token it is. The error is an [*Error], and wraps
// [ErrNoUser] where it is nobody's.
func (a *Auth) UserForToken(ctx context.Context, token string, opts ...Lookup) (*User, error) {
	return a.user(ctx, question{kind: "token", value: token}, opts)
}

// UserForCookie returns whose value of the shared cookie it is, which only a
// [Legacy] hub can tell. The error is an [*Error], and wraps [ErrNoUser] where it
// is nobody's.
func (a *Auth) UserForCookie(ctx context.Context, value string, opts ...Lookup) (*User, error) {
	if a.config.Generation != Legacy {
		return nil, setup(errors.New("identifying users by shared cookie is removed in JupyterHub 2.0, use OAuth tokens; " +
			"for an older hub set Generation to Legacy"))
	}
	return a.user(ctx, question{kind: "cookie", value: strings.Trim(value, `"`)}, opts)
}

// Authorize tells whether u may call; the error wraps [ErrNotAllowed].
func (a *Auth) Authorize(u *User) error { return classified("authorize", a.config.Allow.check(u)) }

func (a *Auth) user(ctx context.Context, q question, opts []Lookup) (*User, error) {
	for _, o := range opts {
		o.apply(&q)
	}
	u, err := a.find(ctx, q)
	return u, classified("identify", err)
}

// find returns what is remembered, or asks the hub: once for all who want to know
// the same at the same time. The question outlives the caller who asked first.
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
		if u, ok := a.known.get(key); ok { // answered since we looked
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

// askAndKeep remembers that somebody, or that nobody, was identified. Trouble is
// not remembered, nor what somebody else said in the hub's place.
func (a *Auth) askAndKeep(ctx context.Context, q question, key cacheKey) (*User, error) {
	u, err := a.ask(ctx, q)
	if err == nil || errors.Is(err, ErrNoUser) && !errors.Is(err, errForeign) {
		a.known.put(key, u)
	}
	return u, err
}

// LoginURL is where a browser logs in at the hub, to be sent back to next, a path
// of this host.
func (a *Auth) LoginURL(next string) string {
	return a.here.hub + "login?" + url.Values{"next": {next}}.Encode()
}
