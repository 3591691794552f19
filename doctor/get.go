package doctor

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors/httpauth"
	"github.com/jetway-go/jetway/internal/advice"
	"github.com/jetway-go/jetway/internal/endpoint"
)

// get sends a GET of the HTTP base with the login. The header is set here: were the
// credentials rejected in the usual way, a flow might ask a person.
func (x *examination) get(ctx context.Context) finding {
	why, stopped := x.stopped[stepProtocol]
	switch {
	case x.setup.HTTPBase == "":
		return skip("the backend has no HTTP API, as far as the settings say")
	case x.setup.Target == "" && stopped:
		return skip(why)
	}
	creds, bad := x.credentials(ctx)
	if bad != nil {
		return *bad
	}
	r, err := http.NewRequestWithContext(httpauth.WithoutCredentials(ctx), http.MethodGet, x.cs.HTTPURL(""), http.NoBody)
	if err != nil {
		return fail(BadSettings, "the HTTP base is no URL", "correct it: WithHTTPBase")
	}
	if key, value := creds.Header(); key != "" && x.maySend(r.URL) {
		r.Header.Set(key, value)
	} else {
		creds = &auth.Credentials{}
	}
	client := *x.cs.HTTPClient()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(r)
	if err != nil {
		if wrapped, isURL := errors.AsType[*url.Error](err); isURL {
			err = wrapped.Err
		}
		problem, what := x.trouble(ctx, err, ofBackend)
		return fail(problem, err.Error(), what)
	}
	_ = answer.Body.Close()
	if len(x.servers) == 0 {
		x.date("the backend", answer)
	}
	return x.judgeGet(r, answer, creds)
}

// maySend reports whether credentials may be sent to u.
func (x *examination) maySend(u *url.URL) bool {
	return u.Scheme == "https" || x.setup.PlaintextCredentials || endpoint.IsLoopback(u.Hostname())
}

func (x *examination) judgeGet(r *http.Request, answer *http.Response, creds *auth.Credentials) finding {
	seen := "GET " + origin(r.URL.String()) + r.URL.Path + carrying(creds) + ": " + summary(answer)
	rejected := x.setup.Rejected
	if rejected == nil {
		rejected = httpauth.Unauthorized
	}
	switch code := answer.StatusCode; {
	case code == http.StatusProxyAuthRequired:
		return fail(FrontLogin, seen, advice.FrontProxyLogin())
	case isLoginPage(answer):
		return fail(Redirected, seen, "the answer leads to a page to log in on: the backend, or a proxy in front of it, does not take "+
			"the credentials: log in again, or see WithProxyFlow")
	case rejected(r, answer) && creds.AccessToken == "" && x.setup.Login && !x.maySend(r.URL):
		return fail(NotSent, seen, httpauth.ErrPlaintext.Error())
	case rejected(r, answer) && creds.AccessToken == "":
		return fail(LoginNeeded, seen, wantsLogin)
	case rejected(r, answer):
		return fail(Rejected, seen, "the backend does not accept the token "+creds.ID()+": has it expired, or been revoked? "+
			"Get another one, or log in again")
	case code == http.StatusForbidden:
		return fail(Denied, seen, "the credentials were accepted, and lack a permission: ask the operator of the backend")
	case isGateway(code):
		return fail(BadGateway, seen, gatewayAdvice)
	case code >= http.StatusInternalServerError:
		return fail(CallFailed, seen, "the backend has an error of its own: see its logs, or try again later")
	case isRedirect(code), code >= http.StatusBadRequest:
		return warn(NotServed, seen, "the backend answers, but has nothing at the HTTP base itself; if other paths fail too, "+
			"correct that: WithHTTPBase")
	default:
		return ok(seen)
	}
}

// isLoginPage reports whether a redirect leads to another server, or to a page that is
// called after logging in.
func isLoginPage(answer *http.Response) bool {
	to, err := answer.Location()
	if err != nil || !isRedirect(answer.StatusCode) {
		return false
	}
	return to.Host != answer.Request.URL.Host || loginPath(to.Path)
}

// loginPath reports whether pages to log in on have such a path.
func loginPath(path string) bool {
	for part := range strings.SplitSeq(strings.ToLower(path), "/") {
		switch part {
		case "login", "signin", "sign_in", "sign-in", "auth", "oauth2", "oauth_login", "sso", "dex", "start":
			return true
		}
	}
	return false
}
