package introspect

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// farFuture stands for an "exp" that is too large for a time.Time.
const farFuture = 1 << 40 // seconds: the year 36812

// check decides whether an answer describes a token that this service accepts, and
// returns when the token expires; zero if the answer does not say.
func (c *Config) check(claims map[string]any, now time.Time) (expiry time.Time, err error) {
	active, ok := claims["active"].(bool)
	switch {
	case !ok:
		return time.Time{}, &failure{kind: broken, why: `the answer has no boolean "active"`}
	case !active:
		return time.Time{}, &failure{kind: invalid, why: "the token is not active"}
	}
	if expiry, err = instant(claims, "exp"); err != nil {
		return time.Time{}, err
	}
	notBefore, err := instant(claims, "nbf")
	if err != nil {
		return time.Time{}, err
	}
	kind, _ := claims["token_type"].(string)
	use, _ := claims["token_use"].(string)
	switch {
	case !expiry.IsZero() && !now.Before(expiry):
		return time.Time{}, &failure{kind: invalid, why: `the token is called active, but its "exp" has passed: compare the clocks`}
	case now.Before(notBefore):
		return time.Time{}, &failure{kind: invalid, why: `the "nbf" of the token has not been reached`}
	case kind != "" && !strings.EqualFold(kind, "bearer"):
		return time.Time{}, &failure{kind: invalid, why: fmt.Sprintf("its token_type is %.40q, not Bearer", kind)}
	case use != "" && use != "access_token":
		return time.Time{}, &failure{kind: invalid, why: fmt.Sprintf("its token_use is %.40q, not access_token", use)}
	case claims["cnf"] != nil:
		return time.Time{}, &failure{kind: invalid, why: `the token is bound to a key ("cnf"), whose possession is not checked here`}
	case !c.AnyAudience && !slices.Contains(texts(claims["aud"]), c.Audience):
		return time.Time{}, &failure{kind: invalid, why: fmt.Sprintf("its \"aud\" does not contain %q", c.Audience)}
	}
	return expiry, nil
}

// instant reads a time in seconds since 1970; zero if there is none.
func instant(claims map[string]any, name string) (time.Time, error) {
	value, found := claims[name]
	seconds, ok := value.(float64)
	switch {
	case !found || value == nil:
		return time.Time{}, nil
	case !ok || seconds < 0:
		return time.Time{}, &failure{kind: broken, why: fmt.Sprintf("the answer's %q is not a time in seconds", name)}
	}
	return time.Unix(int64(math.Min(seconds, farFuture)), 0), nil
}

// texts reads a member that is one string or an array of strings, such as "aud".
func texts(value any) []string {
	if one, ok := value.(string); ok {
		return []string{one}
	}
	var out []string
	many, _ := value.([]any)
	for _, v := range many {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func scopes(claims map[string]any) []string {
	scope, _ := claims["scope"].(string)
	return strings.Fields(scope)
}

func checkScopes(claims map[string]any, required []string) error {
	granted := scopes(claims)
	for _, scope := range required {
		if !slices.Contains(granted, scope) {
			return &failure{kind: insufficient, why: fmt.Sprintf("the scope %q was not granted to the token", scope)}
		}
	}
	return nil
}

// identify is the default of [Config.Identify]. It does not take "client_id" in place
// of "sub": a person who may register clients could name one like a user (RFC 9068 §5).
func identify(claims map[string]any) (serverauth.Identity, error) {
	subject, _ := claims["sub"].(string)
	if subject == "" {
		return serverauth.Identity{}, errors.New(`the answer has no "sub"; set Config.Identify to identify callers by other members`)
	}
	return serverauth.Identity{Subject: subject, Scopes: scopes(claims), Claims: claims}, nil
}
