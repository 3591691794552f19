package jupyterhub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

var _ serverauth.Verifier = (*Auth)(nil)

// Verify identifies the caller of a gRPC call, by "authorization: token …" or
// "Bearer …", or by the cookies of a browser, and authorizes it. The error is an
// [*Error].
func (a *Auth) Verify(ctx context.Context, p serverauth.Presented) (serverauth.Identity, error) {
	u, err := a.admit(ctx, presented{scheme: p.Scheme, token: p.Token, cookies: p.Cookies})
	if err != nil {
		return serverauth.Identity{}, err
	}
	return u.Identity(), nil
}

// presented are the credentials of a gRPC call or an HTTP request.
type presented struct {
	scheme, token string
	cookies       []*http.Cookie
}

// admit identifies a caller and authorizes it.
func (a *Auth) admit(ctx context.Context, p presented) (*User, error) {
	u, _, err := a.identify(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := a.Authorize(u); err != nil {
		a.log.WarnContext(ctx, err.Error())
		return nil, err
	}
	return u, nil
}

// identify uses the header if there is one, and otherwise the cookies. It also returns
// the caller's token, if there is one.
func (a *Auth) identify(ctx context.Context, p presented) (u *User, token string, err error) {
	if p.token != "" || p.scheme != "" {
		if !strings.EqualFold(p.scheme, "token") && !strings.EqualFold(p.scheme, "bearer") {
			return nil, "", classified("identify", fmt.Errorf("%w, not with another scheme or none", ErrNoUser))
		}
		u, err = a.UserForToken(ctx, p.token)
		return u, p.token, err
	}
	if a.config.Generation == Legacy {
		if value := cookie(p.cookies, a.cookie); value != "" {
			u, err = a.UserForCookie(ctx, value)
			return u, "", err
		}
		return nil, "", classified("identify", ErrNoUser)
	}
	token, err = a.tokenInCookies(p.cookies)
	if err != nil {
		return nil, "", classified("identify", errors.Join(ErrNoUser, err))
	}
	u, err = a.UserForToken(ctx, token, WithSession(cookie(p.cookies, sessionCookie)))
	return u, token, err
}

// sessionCookie is the hub's cookie with the id of a browser session.
const sessionCookie = "jupyterhub-session-id"

func cookie(cookies []*http.Cookie, name string) string {
	for _, c := range cookies {
		if c.Name == name {
			return strings.Trim(c.Value, `"`)
		}
	}
	return ""
}
