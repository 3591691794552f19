package kubeflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/platform/internal/guess"
)

// login returns the flow, or an error for logins that lack something or contradict each
// other. It makes no request.
func (r Resolver) login(place location) (auth.Flow, error) {
	if !r.Token.IsZero() {
		return r.existingToken()
	}
	var given []string
	for name, set := range map[string]bool{
		"ServiceAccount or TokenPath": r.ServiceAccount || r.TokenPath != "",
		"Dex":                         r.Dex != nil,
		"Cookies":                     !r.Cookies.IsZero(),
	} {
		if set {
			given = append(given, name)
		}
	}
	if len(given) > 1 {
		return nil, errors.New("set one login, not several: ServiceAccount (or TokenPath), Dex or Cookies")
	}
	switch {
	case r.Dex != nil:
		return r.dexLogin(place)
	case !r.Cookies.IsZero():
		return cookieFlow{r.Cookies}, nil
	case len(given) > 0:
		return r.volume(false), nil
	}
	return r.implicit(place)
}

// implicit returns the flow of a program that sets no login.
func (r Resolver) implicit(place location) (auth.Flow, error) {
	saved, err := r.readContext()
	if err != nil {
		return nil, err
	}
	switch login, err := saved.login(); {
	case err != nil:
		return nil, err
	case login != nil:
		return login, nil
	}
	switch {
	case r.getenv(EnvTokenPath) != "", !place.given && place.inCluster:
		return r.volume(true), nil
	case r.getenv(envIAPClient) != "":
		return nil, errors.New(envIAPClient + " is for Google's Identity-Aware Proxy, whose login is not supported: " +
			"set Token to a token made for it")
	default:
		return anonymous{r.misspelt(EnvTokenPath)}, nil
	}
}

// volume is the login by the file of the ServiceAccount token.
func (r Resolver) volume(optional bool) tokenVolume {
	f := tokenVolume{TokenFile: flow.TokenFile{Path: cmp.Or(r.TokenPath, r.getenv(EnvTokenPath))}, optional: optional, log: r.logger()}
	if f.Path == "" {
		f.Path, f.guessed = DefaultTokenPath, r.misspelt(EnvTokenPath)
	}
	return f
}

func (r Resolver) existingToken() (auth.Flow, error) {
	f := existingToken{r.Token}
	_, err := f.read()
	return f, err
}

// existingToken is the flow for a bearer token that was obtained by other means.
type existingToken struct{ token flow.Secret }

var _ auth.TraitedFlow = existingToken{}

func (f existingToken) read() (string, error) {
	token, err := readSecret(f.token, "Token")
	if err == nil && (strings.ContainsAny(token, " \t") || checkHeader(token) != nil) {
		err = errors.New("the Token contains a space or line end: give the token alone, without Bearer in front")
	}
	return token, err
}

// Obtain returns the token that the secret has now.
func (f existingToken) Obtain(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	token, err := f.read()
	if err != nil {
		return nil, failed("log in with a token", err)
	}
	return flow.StaticToken(token).Obtain(ctx, env, prev)
}

// Traits returns that the flow needs no user and that its credentials are not stored.
func (existingToken) Traits() auth.Traits { return auth.Traits{Name: "kubeflow_token", Unstored: true} }

// tokenVolume is the flow for the ServiceAccount token that the cluster mounts and
// replaces.
type tokenVolume struct {
	flow.TokenFile

	optional bool   // without a token, calls are made without credentials
	guessed  string // a variable that may have been meant for the path; empty for none
	log      *slog.Logger
}

var (
	_ auth.TraitedFlow = tokenVolume{}
	_ auth.Renewer     = tokenVolume{}
)

// Obtain reads the token.
func (f tokenVolume) Obtain(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	c, err := f.TokenFile.Obtain(ctx, env, prev)
	if err != nil && f.guessed != "" {
		err = fmt.Errorf("%w; %s", err, f.guessed)
	}
	if err == nil || !f.optional {
		return c, err
	}
	f.log.WarnContext(ctx, "there is no ServiceAccount token, calls are made without credentials", slog.Any("error", err))
	return nil, fmt.Errorf("%w, and the ServiceAccount token cannot be read: %w", configstore.ErrNoLogin, err)
}

// cookieFlow is the flow for the cookies of a session that was opened by other means.
type cookieFlow struct{ cookies flow.Secret }

var _ auth.TraitedFlow = cookieFlow{}

// Obtain returns the cookies that the secret has now.
func (f cookieFlow) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	cookies, err := readSecret(f.cookies, "Cookies")
	if err != nil {
		return nil, failed("log in with cookies", err)
	}
	c, err := cookieCredentials(cookies)
	if err != nil {
		return nil, failed("log in with cookies", fmt.Errorf("%w: Cookies %w", auth.ErrRejected, err))
	}
	return c, nil
}

// Traits returns that the flow needs no user and that its credentials are not stored.
func (cookieFlow) Traits() auth.Traits { return auth.Traits{Name: "kubeflow_cookies", Unstored: true} }

// cookieCredentials returns credentials that send cookies in the cookie header.
func cookieCredentials(cookies string) (*auth.Credentials, error) {
	cookies = strings.TrimSpace(cookies)
	if !strings.Contains(cookies, "=") {
		return nil, errors.New(`are not of the form "name=value; name2=value2"`)
	}
	if err := checkHeader(cookies); err != nil {
		return nil, err
	}
	return &auth.Credentials{AccessToken: cookies, HeaderKey: "cookie", TokenType: auth.Raw}, nil
}

// anonymous is the flow for standalone Kubeflow Pipelines, which requires no login.
type anonymous struct {
	guessed string // a variable that may have been meant for the token's path; empty for none
}

var _ auth.TraitedFlow = anonymous{}

// Obtain fails. It is called only if the server asks for credentials.
func (f anonymous) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	return nil, failed("log in", fmt.Errorf("%w: %s", auth.ErrNoCredentials,
		guess.After("this Kubeflow requires a login: set Token, ServiceAccount, Dex or Cookies", f.guessed)))
}

// Traits returns that the flow is interactive, so that calls are made without
// credentials until the server requires them.
func (anonymous) Traits() auth.Traits {
	return auth.Traits{Name: "kubeflow_anonymous", Interactive: true, Unstored: true}
}
