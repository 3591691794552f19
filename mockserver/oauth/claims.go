package oauth

import (
	"errors"
	"math"
	"slices"
	"time"
)

// What can be wrong with the claims of a JWT of someone else's.
var (
	errNoExpiry     = errors.New("has no exp")
	errJWTExpired   = errors.New("has expired (exp)")
	errTooLong      = errors.New("lives for more than an hour (exp)")
	errNotYet       = errors.New("is not valid yet (nbf, iat)")
	errOtherParties = errors.New("is made for someone else (aud)")
)

const (
	// leeway is for clocks that are not quite right (RFC 7519 section 4.1.4).
	leeway       = 30 * time.Second
	maxAssertion = time.Hour
)

// claims are those of a JWT.
type claims map[string]any

func (c claims) text(name string) string {
	s, _ := c[name].(string)
	return s
}

// time reads a NumericDate (RFC 7519 section 2).
func (c claims) time(name string) (time.Time, bool) {
	seconds, ok := c[name].(float64)
	if !ok || math.IsNaN(seconds) || math.Abs(seconds) > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}

// audience reads aud, which is one text or a list of them.
func (c claims) audience() []string {
	switch aud := c["aud"].(type) {
	case string:
		return []string{aud}
	case []any:
		var all []string
		for _, a := range aud {
			if s, ok := a.(string); ok {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}

// check tells whether a JWT is good at this moment and made for one of us.
func (c claims) check(now time.Time, us []string) error {
	expiry, ok := c.time("exp")
	switch {
	case !ok:
		return errNoExpiry
	case !now.Add(-leeway).Before(expiry):
		return errJWTExpired
	}
	for _, name := range []string{"nbf", "iat"} {
		if at, there := c[name]; there && at != nil {
			if begin, ok := c.time(name); !ok || begin.After(now.Add(leeway)) {
				return errNotYet
			}
		}
	}
	if !slices.ContainsFunc(c.audience(), func(a string) bool { return slices.Contains(us, a) }) {
		return errOtherParties
	}
	return nil
}
