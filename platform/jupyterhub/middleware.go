package jupyterhub

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// Caller is the authenticated caller of an HTTP request.
type Caller struct {
	// User is the user or service. Treat it as read-only.
	User *User

	credentials *auth.Credentials
}

// Credentials returns the caller's own credentials, with which to call other services
// on the caller's behalf; nil if the caller was identified by the shared cookie of a
// [Legacy] hub.
func (c Caller) Credentials() *auth.Credentials { return c.credentials }

type callerKey struct{}

// CallerFromContext returns the caller of a request that [Auth.Middleware] has accepted.
func CallerFromContext(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	return c, ok
}

// Middleware passes requests of authorized callers to next, with the [Caller] and the
// identity of serverauth in their context. It redirects a browser without a login to
// the hub, which redirects it back after the login: by the authorization code flow with
// state and PKCE if the service has a name, and so is an OAuth client of the hub, and
// otherwise by the hub's login page. Other requests are answered in JSON, with the HTTP
// status of [Error] and without a cookie. Those are the requests of programs, and of the
// scripts, images and websockets of a page: with a Sec-Fetch-Mode other than navigate,
// with X-Requested-With or Upgrade, or, where the browser sends no Sec-Fetch headers, with
// an Accept that does not name text/html.
//
// Each login that a browser begins has a cookie for ten minutes, so that several pages
// can log in at once. A browser keeps a few of them: the oldest are deleted.
//
// It answers the hub's OAuth callback itself, whatever path next is mounted at.
func (a *Auth) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.hasOAuth() && originalPath(r) == a.callbackPath() && r.Method == http.MethodGet {
			if err := a.finishLogin(w, r); err != nil {
				a.refuse(w, r, loginError(err))
			}
			return
		}
		caller, err := a.caller(r)
		switch {
		case err == nil:
			ctx := context.WithValue(r.Context(), callerKey{}, caller)
			next.ServeHTTP(w, r.WithContext(serverauth.ContextWithIdentity(ctx, caller.User.Identity())))
		case errors.Is(err, ErrNoUser) && isBrowser(r):
			a.sendToLogin(w, r)
		default:
			a.refuse(w, r, err)
		}
	})
}

// originalPath returns the path as the proxy sent it, with nothing stripped, and without
// escapes.
func originalPath(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if plain, err := url.PathUnescape(path); err == nil && strings.HasPrefix(plain, "/") {
		return plain
	}
	return r.URL.Path
}

func (a *Auth) caller(r *http.Request) (Caller, error) {
	p := presented{cookies: r.Cookies()}
	switch headers := r.Header.Values("Authorization"); len(headers) {
	case 0:
	case 1:
		p.scheme, p.token, _ = strings.Cut(headers[0], " ")
		p.token = strings.TrimLeft(p.token, " ")
	default:
		return Caller{}, classified("identify", ErrNoUser)
	}
	u, token, err := a.identify(r.Context(), p)
	if err != nil {
		return Caller{}, err
	}
	if err := a.Authorize(u); err != nil {
		a.log.WarnContext(r.Context(), err.Error())
		return Caller{}, err
	}
	c := Caller{User: u}
	if token != "" {
		c.credentials = credentials(token)
	}
	return c, nil
}

// isBrowser reports whether a request is a user's navigation to a page, and not one of a
// program or of a script in a page. A script cannot follow a redirect to the hub, and
// each one would leave a login behind that is never finished.
func isBrowser(r *http.Request) bool {
	h := r.Header
	if r.Method != http.MethodGet && r.Method != http.MethodHead ||
		h.Get("Authorization") != "" || h.Get("X-Requested-With") != "" || h.Get("Upgrade") != "" {
		return false
	}
	for _, name := range []string{"Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-Fetch-Site"} {
		if h.Get(name) != "" {
			return h.Get("Sec-Fetch-Mode") == "navigate"
		}
	}
	// An older browser, or one on plain http, whose scripts and images ask for anything but
	// text/html. Simple programs ask for nothing, and no script of a page does.
	accept := strings.Join(h.Values("Accept"), ",")
	return accept == "" || strings.Contains(strings.ToLower(accept), "text/html")
}

func (a *Auth) sendToLogin(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if !a.hasOAuth() {
		http.Redirect(w, r, a.LoginURL(a.returnPath(r.RequestURI)), http.StatusFound)
		return
	}
	if err := a.beginLogin(w, r); err != nil {
		a.refuse(w, r, classified("log in", err))
	}
}

// loginError returns an error of the callback as an [Error] with its HTTP status.
func loginError(err error) error {
	e, _ := errors.AsType[*Error](classified("log in", err))
	shown := *e
	if _, ok := errors.AsType[*requestError](err); ok {
		shown.HTTP = http.StatusBadRequest
	}
	if errors.Is(err, ErrState) {
		shown.HTTP = http.StatusForbidden
	}
	return &shown
}

// refuse answers in the form of the hub's API, and logs the error.
func (a *Auth) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, message := http.StatusInternalServerError, err.Error()
	if e, ok := errors.AsType[*Error](err); ok {
		status, message = e.HTTP, e.Err.Error()
	}
	if errors.Is(err, ErrNoUser) {
		message = "Forbidden"
	}
	a.log.WarnContext(r.Context(), "a request was rejected", "status", status, "error", err)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "message": message}) //nolint:errchkjson // texts
	}
}
