package httpauth

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// adopt hands the session that an answer renewed to the source. The caller gets the answer
// in any case.
func (t *Transport) adopt(r *http.Request, h *prepared, answer *http.Response) {
	next := renewed(h.creds, answer.Header["Set-Cookie"], r.URL.Hostname(), t.clock.Read().Wall())
	if next == nil {
		return
	}
	ctx := r.Context()
	if _, err := t.adopter.Adopt(ctx, h.creds, next); err != nil && ctx.Err() == nil {
		t.logger.WarnContext(ctx, "a session that the server renewed could not be stored", "url", withoutSecrets(r.URL), "error", err)
	}
}

// renewed returns the session of prev with the cookies that a server of host set, or nil
// if it renewed none of them. Only the cookies of the session itself count. A proxy splits
// a long session into name_0, name_1 and so on, and deletes neither form when it sets the
// other: so either form takes the place of both. A deletion is none of these: whether the
// session is over is for the [Rule] to say.
func renewed(prev *auth.Credentials, lines []string, host string, now time.Time) *auth.Credentials {
	current, err := http.ParseCookie(prev.AccessToken)
	if err != nil {
		return nil
	}
	set := map[string][]*http.Cookie{} // by the name of the session
	for _, line := range lines {
		c, err := http.ParseSetCookie(line)
		if err == nil && counts(c, host, now) {
			name := unsplit(c.Name)
			set[name] = append(slices.DeleteFunc(set[name], func(o *http.Cookie) bool { return o.Name == c.Name }), c)
		}
	}
	next := *prev
	next.IssuedAt, next.Expiry, next.Ended = now, time.Time{}, ""
	var pairs []string
	replaced := map[string]bool{}
	for _, c := range current {
		name := unsplit(c.Name)
		cookies := whole(name, set[name])
		switch {
		case cookies == nil:
			pairs = append(pairs, pair(c))
		case !replaced[name]:
			replaced[name] = true
			for _, n := range cookies {
				pairs = append(pairs, pair(n))
				if end := expiry(n, now); !end.IsZero() && (next.Expiry.IsZero() || end.Before(next.Expiry)) {
					next.Expiry = end
				}
			}
		}
	}
	next.AccessToken = strings.Join(pairs, "; ")
	if len(replaced) == 0 || next.AccessToken == prev.AccessToken {
		return nil
	}
	return &next
}

// counts reports whether a cookie can be a session of host.
func counts(c *http.Cookie, host string, now time.Time) bool {
	name, domain := strings.ToLower(c.Name), strings.TrimPrefix(c.Domain, ".")
	switch {
	case strings.Contains(name, "csrf"), strings.Contains(name, "xsrf"):
		return false
	case domain != "" && !strings.EqualFold(host, domain) && !strings.HasSuffix(strings.ToLower(host), "."+strings.ToLower(domain)):
		return false
	case c.Value == "", c.MaxAge < 0:
		return false // a deletion
	}
	end := expiry(c, now)
	return end.IsZero() || end.After(now)
}

// expiry returns when a cookie expires, zero if it does not say.
func expiry(c *http.Cookie, now time.Time) time.Time {
	if c.MaxAge > 0 {
		return now.Add(time.Duration(c.MaxAge) * time.Second)
	}
	return c.Expires
}

// unsplit returns the name of the session that a cookie is, or is a part of.
func unsplit(name string) string {
	if base, _, ok := part(name); ok {
		return base
	}
	return name
}

// part splits name_3 into name and 3.
func part(name string) (base string, number int, ok bool) {
	i := strings.LastIndexByte(name, '_')
	if i <= 0 || i == len(name)-1 {
		return "", 0, false
	}
	number, err := strconv.Atoi(name[i+1:])
	if err != nil || number < 0 || strconv.Itoa(number) != name[i+1:] {
		return "", 0, false
	}
	return name[:i], number, true
}

// whole returns the cookies that make up one session: the one with its name, or all parts
// in order, beginning with 0. It returns nil if that is not what was set, as when
// a proxy on the way let only one of several cookies through.
func whole(name string, set []*http.Cookie) []*http.Cookie {
	if i := slices.IndexFunc(set, func(c *http.Cookie) bool { return c.Name == name }); i >= 0 {
		return set[i : i+1]
	}
	parts := make([]*http.Cookie, len(set))
	for _, c := range set {
		_, n, _ := part(c.Name)
		if n >= len(parts) {
			return nil
		}
		parts[n] = c
	}
	if len(parts) == 0 {
		return nil
	}
	return parts
}

// pair returns a cookie as a request has it.
func pair(c *http.Cookie) string {
	return (&http.Cookie{Name: c.Name, Value: c.Value, Quoted: c.Quoted}).String() //nolint:gosec // a request's cookie has no attributes
}
