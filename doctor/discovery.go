package doctor

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/internal/advice"
)

// discovery finds out how to log in, as a login would.
func (x *examination) discovery(ctx context.Context) finding {
	switch why, stopped := x.stopped[stepProtocol]; {
	case !x.setup.Login:
		return skip("the settings say no login")
	case x.setup.SharedLogin:
		return skip("the program has an Authenticator of its own")
	case x.setup.Traits.Unstored:
		return skip("the flow " + x.setup.Traits.Name + " has its token at hand")
	case x.setup.AsksBackend && stopped:
		x.stopped[stepDiscovery] = why
		return skip(why)
	}
	cfg, err := x.setup.Config.ClientConfig(ctx)
	x.found = cfg
	switch {
	case err == nil && cfg.Kept:
		return ok("an earlier program has found out that logins are made at " + origin(cfg.TokenEndpoint))
	case err == nil && cfg.TokenEndpoint == "":
		return ok("no token endpoint is known; the flow may need none")
	case err == nil:
		return ok("logins are made at " + origin(cfg.TokenEndpoint) + offered(cfg))
	case errors.Is(err, configstore.ErrNoLogin):
		x.noLogin = true
		return ok("the backend advertises no login: calls to it need none")
	}
	f := x.undiscovered(ctx, err)
	if !asks(x.setup.Traits) {
		f.state, f.advice = Warning, "the flow "+x.setup.Traits.Name+" may need none of this; if it does: "+f.advice
	}
	return f
}

// asks reports whether a flow is one of those that cannot log in without an answer.
func asks(t auth.Traits) bool {
	return t.Name == auth.StoredFlow || strings.HasPrefix(t.Name, "client_credentials") || strings.HasPrefix(t.Name, "password") ||
		strings.HasPrefix(t.Name, "token_exchange")
}

// undiscovered judges why it was not found out how to log in. That stops no call with a
// token at hand.
func (x *examination) undiscovered(ctx context.Context, err error) finding {
	set := "WithClientConfig sets by hand what the login needs"
	switch {
	case errors.Is(err, configstore.ErrNotFound) && x.setup.AsksBackend:
		return fail(NoDiscovery, err.Error(), "the backend does not say where to log in: "+
			"WithConfigStore(configstore.Discovery(issuer, nil)) asks the authorization server, "+set)
	case errors.Is(err, configstore.ErrNotFound):
		return fail(NoDiscovery, err.Error(), "no document says how to log in there: check the issuer, which is a URL with its path "+
			"(such as https://login.example.com/realms/demo) and without /.well-known; or "+set)
	case errors.Is(err, configstore.ErrPlaintext):
		return fail(BadDiscovery, err.Error(), "an https:// address, or WithPlaintextCredentials on a network that is trusted")
	case errors.Is(err, configstore.ErrInvalid):
		return fail(BadDiscovery, err.Error(), "the answer must not be used: check the address of the server that was asked, "+
			"or have its answer corrected; "+set)
	}
	problem, what := x.trouble(ctx, err, ofAuthServer)
	if problem == Unreachable {
		problem, what = FailDiscovery, "try again later; "+set
	}
	return fail(problem, err.Error(), what)
}

// offered lists the ways to log in that have an endpoint.
func offered(cfg configstore.ClientConfig) string {
	var ways []string
	if cfg.AuthorizationEndpoint != "" {
		ways = append(ways, "browser")
	}
	if cfg.DeviceAuthorizationEndpoint != "" {
		ways = append(ways, "device code")
	}
	if len(ways) == 0 {
		return ""
	}
	return ", by people with " + strings.Join(ways, " or ")
}

// origin is a URL without what may be secret in it.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address that is no URL"
	}
	return u.Scheme + "://" + u.Host
}

// authServer asks the token endpoint for nothing, to see whether it can be reached.
func (x *examination) authServer(ctx context.Context) finding {
	at := x.found.TokenEndpoint
	if at == "" {
		return skip("no token endpoint is known, or needed")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return fail(BadDiscovery, "the token endpoint is no URL", "have the server that was asked corrected, or set it by hand: WithClientConfig")
	}
	client := *x.setup.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(r)
	if err != nil {
		if wrapped, isURL := errors.AsType[*url.Error](err); isURL {
			err = wrapped.Err // the URL may have a query
		}
		problem, what := x.trouble(ctx, err, ofAuthServer)
		return fail(problem, origin(at)+": "+err.Error(), what)
	}
	_ = answer.Body.Close()
	x.date("the authorization server", answer)
	seen := origin(at) + " answers: " + summary(answer)
	switch code := answer.StatusCode; {
	case code == http.StatusProxyAuthRequired && x.setup.ProxyLogin:
		return ok(seen + ", as a proxy whose login the settings have")
	case code == http.StatusProxyAuthRequired:
		return fail(FrontLogin, seen, advice.FrontProxyLogin())
	case isRedirect(code):
		return fail(Redirected, seen, "redirects of a token request are not followed, since they would carry secrets there: "+
			"configure the final URL")
	case isGateway(code):
		return fail(BadGateway, seen, "the authorization server is down, or what stands in front of it cannot reach it: try again later")
	default:
		return ok(seen) // a token endpoint takes POST only, and says so in many ways
	}
}
