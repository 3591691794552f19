package flow

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/internal/fault"
)

const (
	grantClientCredentials = "client_credentials"
	grantRefresh           = "refresh_token"
	grantCode              = "authorization_code"
	grantPassword          = "password"
	grantDevice            = "urn:ietf:params:oauth:grant-type:device_code"
	grantExchange          = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// tokenRequest is one request to a token endpoint, for any grant, or to another endpoint
// that takes a form and authenticates clients in the same way.
type tokenRequest struct {
	endpoint     string
	purpose      string // what the endpoint is for, where it is not for tokens
	clientID     string
	clientSecret string     // empty for public clients
	style        AuthStyle  // StyleForm for public clients; never StyleFromServer
	form         url.Values // grant_type and its parameters, without client authentication
	// assert makes the client assertion (RFC 7523 §2.2), a new one for every attempt; nil
	// for a client with a secret or none.
	assert asserter
	// asked is what the login asks for, here or in an earlier request; nil for a refresh.
	asked *ask
	// idempotent grants may be sent again although the server may have received them:
	// they use up nothing.
	idempotent bool
	// secret are further texts that the server may repeat: other tokens of the same login.
	secret []string
}

// grantForm returns the form of a grant, with pairs of names and values.
func grantForm(grant string, pairs ...string) url.Values {
	form := url.Values{"grant_type": {grant}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

func (r tokenRequest) grant() string { return r.form.Get("grant_type") }

func (r tokenRequest) equal(o tokenRequest) bool {
	return r.endpoint == o.endpoint && r.clientID == o.clientID && r.clientSecret == o.clientSecret &&
		r.style == o.style && maps.EqualFunc(r.form, o.form, slices.Equal)
}

// secrets returns all values that no error may show. Every parameter that is not known
// to be public counts as secret, so that a new grant is safe from the start.
func (r tokenRequest) secrets() *fault.Secrets {
	public := []string{
		"grant_type", "scope", "audience", "resource", "client_id", "redirect_uri", "username",
		"requested_token_type", "subject_token_type", "actor_token_type", "client_assertion_type",
		"token_type_hint", "code_challenge", "code_challenge_method",
	}
	s := &fault.Secrets{}
	s.Add(r.clientSecret)
	s.Add(r.secret...)
	if r.clientSecret != "" {
		s.Add(basicValue(r.clientID, r.clientSecret), basicValue(url.QueryEscape(r.clientID), url.QueryEscape(r.clientSecret)))
	}
	for name, values := range r.form {
		if !slices.Contains(public, name) {
			s.Add(values...)
		}
	}
	return s
}

// setIfAny sets a parameter that servers treat differently when empty and when absent.
func setIfAny(form url.Values, name, value string) {
	if value != "" {
		form.Set(name, value)
	}
}

// requester makes the request of a flow from the configuration. The endpoint is
// filled in by login.
type requester func(configstore.ClientConfig) (tokenRequest, error)

// login reads the configuration, sends the request that build makes of it, and returns
// the credentials. If the server does not know the client or the path, the configuration
// is read again, and a different request is sent once.
func login(ctx context.Context, env auth.Env, build requester) (*auth.Credentials, error) {
	c, _, err := exchange(ctx, env, build)
	return c, err
}

// exchange is login for a grant that may use up a refresh token: beside an error it
// returns the next one, if the answer holds one.
func exchange(ctx context.Context, env auth.Env, build requester) (c *auth.Credentials, rotated string, err error) {
	if env.Config == nil {
		return nil, "", errNoConfig()
	}
	cfg, req, err := prepare(ctx, env, build)
	if err != nil {
		return nil, "", err
	}
	token, err := send(ctx, env, req)
	if inv, ok := env.Config.(configstore.Invalidator); ok && outdated(err, cfg) {
		inv.Invalidate()
		logger(env).InfoContext(ctx, "the token endpoint does not know this client or path, or is one that was kept and cannot be reached;"+
			" reading the configuration again", slog.Any("error", err))
		newCfg, newReq, again := prepare(ctx, env, build)
		if again == nil && !newReq.equal(req) && mayRepeat(err, req) {
			cfg, req = newCfg, newReq
			token, err = send(ctx, env, req)
		}
	}
	if err != nil {
		return nil, token.rotated, err
	}
	return credentials(ctx, env, token, cfg, req), "", nil
}

func prepare(ctx context.Context, env auth.Env, build requester) (configstore.ClientConfig, tokenRequest, error) {
	cfg, err := env.Config.ClientConfig(ctx)
	if err != nil {
		return cfg, tokenRequest{}, err
	}
	endpoint := strings.TrimSpace(cfg.TokenEndpoint)
	if endpoint == "" {
		return cfg, tokenRequest{}, errNoTokenEndpoint()
	}
	req, err := build(cfg)
	req.endpoint = endpoint
	return cfg, req, err
}

// outdated reports whether a login may have failed because the configuration is old.
func outdated(err error, cfg configstore.ClientConfig) bool {
	te := (*TokenError)(nil)
	return stale(err) || cfg.Kept && errors.As(err, &te) && te.unreachable()
}

// mayRepeat reports whether another server may get the request: the one before has not
// received it, has answered, or it can be repeated.
func mayRepeat(err error, req tokenRequest) bool {
	te := (*TokenError)(nil)
	return req.idempotent || errors.As(err, &te) && (te.unsent || !te.unanswered)
}

func errNoConfig() error {
	return setting(errors.New("no configuration says where to log in:" +
		" set Env.Config, for example to a configstore.Static with a TokenEndpoint"))
}

func errNoTokenEndpoint() error {
	return setting(errors.New("the configuration names no token endpoint: set ClientConfig.TokenEndpoint"))
}

func credentials(ctx context.Context, env auth.Env, got issued, cfg configstore.ClientConfig, req tokenRequest) *auth.Credentials {
	if got.doubt != "" {
		logger(env).WarnContext(ctx, "the server does not say in a usable way when the token expires; it is used until it is rejected",
			slog.String("expires_in", got.doubt))
	}
	c := &auth.Credentials{
		AccessToken:  got.token.AccessToken,
		RefreshToken: got.token.RefreshToken,
		TokenType:    "Bearer", // the only type that gets this far
		HeaderKey:    cfg.HeaderKey,
		Expiry:       got.token.Expiry,
		IssuedAt:     time.Now(),
		ClientID:     req.clientID,
	}
	if req.asked != nil {
		c.Audience, c.Scope = req.asked.purpose(cfg)
		c.PurposeKnown = true
	}
	bind(c, req.endpoint, cfg)
	return c
}

func logger(env auth.Env) *slog.Logger {
	if env.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return env.Logger
}
