package flow

import (
	"context"
	"errors"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// DeviceCode logs a person in with a browser on any machine (RFC 8628). It shows an
// address and a code through the Prompter of [auth.Env], and polls the server until the
// person has decided there.
//
// Errors are [*Error]: [ErrDenied] when the person refused, [ErrLoginTimeout] when the
// code expired, [auth.ErrInteractionRequired] without a Prompter, [auth.ErrRejected] when
// the server rejects the request for good.
type DeviceCode struct {
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
	// Extra parameters go with the request for a code; never secrets.
	Extra url.Values
	// TokenExtra parameters go with every token request, refreshes too.
	TokenExtra url.Values
	// PKCE binds the code to this program (RFC 7636), for servers that support it here.
	PKCE bool
	// Timeout is how long the person may take, if the server does not set a shorter
	// limit; zero means 15 minutes.
	Timeout time.Duration
}

var (
	_ auth.TraitedFlow = DeviceCode{}
	_ auth.Renewer     = DeviceCode{}
)

const (
	nameDevice    = "device_code"
	purposeDevice = "device authorization"
	deviceLimit   = 15 * time.Minute
)

// Obtain asks a person to log in.
func (f DeviceCode) Obtain(ctx context.Context, env auth.Env, _ *auth.Credentials) (*auth.Credentials, error) {
	c, err := f.obtain(ctx, env)
	if err != nil {
		forgetStale(ctx, env, err)
	}
	return c, failed(nameDevice, err)
}

func (f DeviceCode) obtain(ctx context.Context, env auth.Env) (*auth.Credentials, error) {
	if env.Prompter == nil {
		return nil, errNoPerson(noPrompter)
	}
	cfg, err := personalConfig(ctx, needing(env, f.ClientID, configstore.FieldDeviceAuthorizationEndpoint))
	if err != nil {
		return nil, err
	}
	if cfg.DeviceAuthorizationEndpoint == "" {
		return nil, setting(errors.New("the server advertises no device flow:" +
			" set ClientConfig.DeviceAuthorizationEndpoint if it has one, or log in with a browser"))
	}
	p, err := f.begin(ctx, env, cfg)
	if err != nil {
		return nil, err
	}
	return p.run(ctx)
}

// Renew sends the refresh token of prev, without a person.
func (f DeviceCode) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	c, err := refresh(ctx, env, f.client(), f.tokenAsk(), prev)
	return c, failed(nameDevice, err)
}

// Revoke revokes the tokens of creds (RFC 7009), the refresh token first. It returns
// nil if the server does not support revocation.
func (f DeviceCode) Revoke(ctx context.Context, env auth.Env, creds *auth.Credentials) error {
	return failed(nameDevice, revoke(ctx, env, f.client(), creds))
}

// Traits returns those of an interactive flow, with its time limit.
func (f DeviceCode) Traits() auth.Traits { return f.ask().traits(personal(f.limit()), f.ClientID) }

func (f DeviceCode) ask() ask { return ask{f.Scopes, f.Audience, f.Resources, f.Extra} }

func (f DeviceCode) limit() time.Duration {
	if f.Timeout > 0 {
		return f.Timeout
	}
	return deviceLimit
}

func (f DeviceCode) client() client { return client{f.ClientID, f.ClientSecret, f.AuthStyle} }

func (f DeviceCode) tokenAsk() ask { return ask{resources: f.Resources, extra: f.TokenExtra} }

// begin asks for a code (RFC 8628 §3.1) and shows it.
func (f DeviceCode) begin(ctx context.Context, env auth.Env, cfg configstore.ClientConfig) (*polling, error) {
	form := url.Values{}
	if err := f.ask().fill(form, cfg); err != nil {
		return nil, err
	}
	verifier := ""
	if f.PKCE {
		verifier = oauth2.GenerateVerifier()
		form.Set("code_challenge", oauth2.S256ChallengeFromVerifier(verifier))
		form.Set("code_challenge_method", "S256")
	}
	req, err := f.client().request(cfg, form)
	if err != nil {
		return nil, err
	}
	req.endpoint, req.purpose, req.idempotent = cfg.DeviceAuthorizationEndpoint, purposeDevice, true
	body, err := persist(ctx, env, req, post)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	offer, err := parseOffer(body)
	if err != nil {
		te := req.failure(hostOf(req.endpoint))
		te.reason = err.Error()
		return nil, te
	}
	p := &polling{env: env, cfg: cfg, interval: offer.interval, expiry: now.Add(min(offer.life, f.limit()))}
	if p.req, err = f.poll(cfg, offer.deviceCode, verifier); err != nil {
		return nil, err
	}
	prompt := auth.Prompt{URL: offer.address, CompleteURL: offer.complete, Code: offer.userCode, Expiry: p.expiry}
	if err := env.Prompter.Prompt(ctx, prompt); err != nil {
		return nil, errNotShown(err)
	}
	return p, nil
}

// poll returns the device access token request (RFC 8628 §3.4).
func (f DeviceCode) poll(cfg configstore.ClientConfig, deviceCode, verifier string) (tokenRequest, error) {
	form := grantForm(grantDevice, "device_code", deviceCode)
	setIfAny(form, "code_verifier", verifier)
	if err := f.tokenAsk().fillOwn(form); err != nil {
		return tokenRequest{}, err
	}
	req, err := f.client().request(cfg, form)
	asked := f.ask()
	req.endpoint, req.asked = cfg.TokenEndpoint, &asked
	return req, err
}

func hostOf(endpoint string) string {
	host, _ := checkEndpoint(auth.Env{}, "", endpoint) // has been checked
	return host
}
