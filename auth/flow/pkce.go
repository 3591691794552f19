package flow

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// PKCE logs a person in with a browser (authorization code grant, RFC 6749 §4.1,
// with PKCE, RFC 7636, as RFC 8252 requires of native apps).
//
// It listens on the loopback interface, shows the address through the Prompter of
// [auth.Env], opens a browser at it, and waits for the redirect. If the Prompter is an
// [auth.Replier], the person can also paste the address that the browser ended at, for a
// browser on another machine. Other requests to the port are answered and ignored.
//
// Errors are [*Error]: [ErrDenied] when the person refused, [ErrLoginTimeout] when
// Timeout passed first, [auth.ErrInteractionRequired] without a Prompter,
// [auth.ErrRejected] when the server rejects the request for good.
type PKCE struct {
	// ClientID names the client; empty means that of the configuration.
	ClientID string
	// ClientSecret is for servers that issue one to programs on people's machines; most
	// do not. A login made with it can be refreshed by this flow only, not by [Stored].
	ClientSecret Secret
	// AuthStyle is how ClientSecret is sent.
	AuthStyle AuthStyle
	// Scopes are the scopes to request; empty means those of the configuration.
	Scopes []string
	// Audience names the API that the token is for; empty means that of the
	// configuration.
	Audience string
	// Resources are the APIs that the token is for, as RFC 8707 names them.
	Resources []string
	// Extra parameters go into the address that the browser opens; never secrets.
	Extra url.Values
	// TokenExtra parameters go with every token request, refreshes too.
	TokenExtra url.Values
	// RedirectURI must be on 127.0.0.1, [::1] or localhost. Without a port any free one
	// is used. Empty means that of the configuration or, without one,
	// http://127.0.0.1/callback.
	RedirectURI string
	// Ports are tried in turn in place of the one in RedirectURI, for servers where
	// several are registered; 0 means any free one.
	Ports []int
	// Timeout is how long the person may take; zero means three minutes.
	Timeout time.Duration
	// OpenBrowser opens an address; nil means the browser of this system.
	OpenBrowser func(ctx context.Context, address string) error
	// NoBrowser shows the address and opens no browser.
	NoBrowser bool
	// Device is the flow to use instead if no browser can be opened, or no port is free to
	// listen on, and the server has a device authorization endpoint; nil means that the
	// address is shown only.
	Device *DeviceCode
	// Environment describes where the program runs; nil means [DetectEnvironment].
	Environment *Environment
}

var (
	_ auth.TraitedFlow = PKCE{}
	_ auth.Renewer     = PKCE{}
)

const (
	namePKCE      = "pkce"
	browsingLimit = 3 * time.Minute
)

// Obtain asks a person to log in.
func (f PKCE) Obtain(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	s, err := f.prepare(ctx, env)
	if err != nil {
		return nil, failed(namePKCE, err)
	}
	if f.Device != nil && s.cfg.DeviceAuthorizationEndpoint != "" {
		if !f.environment().browsing() {
			return f.Device.Obtain(ctx, env, prev)
		}
	}
	listener, err := s.listen(ctx)
	if err != nil && f.Device != nil && s.cfg.DeviceAuthorizationEndpoint != "" && ctx.Err() == nil {
		return f.Device.Obtain(ctx, env, prev)
	}
	if err != nil {
		return nil, failed(namePKCE, err)
	}
	c, err := s.run(ctx, listener)
	if err != nil {
		forgetStale(ctx, env, err)
	}
	return c, failed(namePKCE, err)
}

// Renew sends the refresh token of prev, without a person.
func (f PKCE) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	c, err := refresh(ctx, env, f.client(), f.tokenAsk(), prev)
	return c, failed(namePKCE, err)
}

// Revoke revokes the tokens of creds (RFC 7009), the refresh token first. It returns
// nil if the server does not support revocation.
func (f PKCE) Revoke(ctx context.Context, env auth.Env, creds *auth.Credentials) error {
	return failed(namePKCE, revoke(ctx, env, f.client(), creds))
}

// Traits returns those of an interactive flow, with its time limit.
func (f PKCE) Traits() auth.Traits {
	t := f.ask().traits(personal(f.limit()), f.ClientID)
	if f.Device != nil {
		t = either(t, f.Device.Traits())
	}
	return t
}

func (f PKCE) ask() ask { return ask{f.Scopes, f.Audience, f.Resources, f.Extra} }

func (f PKCE) limit() time.Duration {
	if f.Timeout > 0 {
		return f.Timeout
	}
	return browsingLimit
}

func (f PKCE) client() client { return client{f.ClientID, f.ClientSecret, f.AuthStyle} }

func (f PKCE) tokenAsk() ask { return ask{resources: f.Resources, extra: f.TokenExtra} }

func (f PKCE) environment() Environment {
	if f.Environment != nil {
		return *f.Environment
	}
	return DetectEnvironment()
}

// prepare checks whether a login can work, before a person spends time on it.
func (f PKCE) prepare(ctx context.Context, env auth.Env) (*browserLogin, error) {
	if env.Prompter == nil && (f.OpenBrowser == nil || f.NoBrowser) {
		return nil, errNoPerson(noPrompter)
	}
	need := []configstore.Field{configstore.FieldAuthorizationEndpoint}
	if f.Device != nil && !f.environment().browsing() {
		need = append(need, configstore.FieldDeviceAuthorizationEndpoint)
	}
	cfg, err := personalConfig(ctx, needing(env, f.ClientID, need...))
	if err != nil {
		return nil, err
	}
	if cfg.AuthorizationEndpoint == "" {
		return nil, setting(errors.New("the configuration names no authorization endpoint:" +
			" set ClientConfig.AuthorizationEndpoint, or log in another way"))
	}
	host, err := checkEndpoint(env, purposeAuthorize, cfg.AuthorizationEndpoint)
	if err != nil {
		return nil, err
	}
	// Made once here, so that a mistake in client or parameters fails before the browser.
	if _, err := f.client().request(cfg, url.Values{}); err != nil {
		return nil, err
	}
	return &browserLogin{flow: f, env: env, cfg: cfg, host: host}, nil
}
