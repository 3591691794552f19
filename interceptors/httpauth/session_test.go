package httpauth

import (
	"net/http"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
)

func TestOnlyTheSessionsOwnCookiesRenewIt(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		current string
		set     []string
		want    string // empty: nothing is adopted
		expiry  time.Duration
	}{
		"renewed":                   {"s=1", []string{"s=2; Path=/; HttpOnly"}, "s=2", 0},
		"with a life":               {"s=1", []string{"s=2; Max-Age=60"}, "s=2", time.Minute},
		"with an expiry":            {"s=1", []string{"s=2; Expires=Mon, 30 Nov 2026 13:00:00 GMT"}, "s=2", time.Hour},
		"life before expiry":        {"s=1", []string{"s=2; Max-Age=60; Expires=Mon, 30 Nov 2026 13:00:00 GMT"}, "s=2", time.Minute},
		"one of two":                {"a=1; s=1", []string{"s=2"}, "a=1; s=2", 0},
		"two, the shorter life":     {"a=1; s=1", []string{"s=2; Max-Age=60", "a=3; Max-Age=30"}, "a=3; s=2", 30 * time.Second},
		"set twice":                 {"s=1", []string{"s=2", "s=3"}, "s=3", 0},
		"quoted":                    {`s=1`, []string{`s="2 3"`}, `s="2 3"`, 0},
		"grown":                     {"s=1", []string{"s_0=2", "s_1=3"}, "s_0=2; s_1=3", 0},
		"grown, in another order":   {"s=1", []string{"s_1=3", "s_0=2"}, "s_0=2; s_1=3", 0},
		"shrunk":                    {"a=1; s_0=1; s_1=1; b=1", []string{"s=2", "s_0=; Max-Age=0", "s_1=; Max-Age=0"}, "a=1; s=2; b=1", 0},
		"fewer parts":               {"s_0=1; s_1=1; s_2=1", []string{"s_0=2", "s_1=2"}, "s_0=2; s_1=2", 0},
		"a part without the first":  {"s_0=1; s_1=1", []string{"s_1=2"}, "", 0},
		"a part is missing":         {"s_0=1; s_1=1", []string{"s_0=2", "s_2=2"}, "", 0},
		"the same value":            {"s=1", []string{"s=1; Max-Age=60"}, "", 0},
		"another cookie":            {"s=1", []string{"t=2"}, "", 0},
		"longer name":               {"s=1", []string{"s_more=2", "s_01=2", "s_=2", "s_-1=2", "_0=1"}, "", 0},
		"csrf":                      {"s=1; s_csrf=1; _xsrf=1", []string{"s_csrf=2", "_xsrf=2", "S_CSRF_ab12=3"}, "", 0},
		"deleted by an empty value": {"s=1", []string{"s=; Path=/"}, "", 0},
		"deleted by its age":        {"s=1", []string{"s=x; Max-Age=0"}, "", 0},
		"deleted by its expiry":     {"s=1", []string{"s=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, "", 0},
		"deleted, then set":         {"s=1", []string{"s=; Max-Age=0", "s=2"}, "s=2", 0},
		"of its domain":             {"s=1", []string{"s=2; Domain=.home.test"}, "s=2", 0},
		"of its very host":          {"s=1", []string{"s=2; Domain=API.home.test"}, "s=2", 0},
		"of a stranger":             {"s=1", []string{"s=2; Domain=evil.test", "s=2; Domain=me.test", "s=2; Domain=x.api.home.test"}, "", 0},
		"not a cookie":              {"s=1", []string{"", "=2", "s"}, "", 0},
		"the credential is none":    {"no cookie", []string{"s=2"}, "", 0},
	} {
		prev := &auth.Credentials{AccessToken: tt.current, TokenType: auth.Raw, HeaderKey: "Cookie", RefreshToken: "r", Ended: "x", Expiry: now}
		next := renewed(prev, tt.set, "api.home.test", now)
		switch {
		case next == nil && tt.want == "":
		case next == nil:
			t.Errorf("%s: not adopted, want %q", name, tt.want)
		case next.AccessToken != tt.want:
			t.Errorf("%s: adopted %q, want %q", name, next.AccessToken, tt.want)
		case next.HeaderKey != "Cookie" || next.TokenType != auth.Raw || next.RefreshToken != "r" || next.Ended != "" || !next.IssuedAt.Equal(now):
			t.Errorf("%s: the rest is wrong", name)
		case tt.expiry == 0 != next.Expiry.IsZero(), tt.expiry != 0 && next.Expiry.Sub(now) != tt.expiry:
			t.Errorf("%s: expires at %v, want %v from now", name, next.Expiry, tt.expiry)
		}
	}
}

// Whatever a server sets, the session keeps its other cookies, and is one that a request
// can carry.
func FuzzRenewed(f *testing.F) {
	f.Add("s=1; other=x", "s=2", "s_0=3; Max-Age=5")
	f.Add("s_0=1; other=x", "s=\"2 \"", "s_1=3; Domain=.test")
	f.Fuzz(func(t *testing.T, current, first, second string) {
		now := time.Unix(1_800_000_000, 0)
		next := renewed(&auth.Credentials{AccessToken: current}, []string{first, second}, "home.test", now)
		if next == nil {
			return
		}
		cookies, err := http.ParseCookie(next.AccessToken)
		if err != nil || len(cookies) == 0 || next.AccessToken == current {
			t.Fatalf("%q became %q: %v", current, next.AccessToken, err)
		}
		h, err := prepare(&auth.Credentials{AccessToken: next.AccessToken, TokenType: auth.Raw, HeaderKey: "cookie"})
		if err != nil || h.value[0] != next.AccessToken {
			t.Fatalf("%q cannot be sent: %v", next.AccessToken, err)
		}
	})
}
