package authserver_test

import (
	"context"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/mockserver/faults"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func TestFaultsOfTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault func(*faults.Set)
		check func(answer) bool
	}{
		{"down", func(f *faults.Set) { f.Down(true) }, func(a answer) bool { return a.status == 503 }},
		{"down and up", func(f *faults.Set) { f.Down(true); f.Down(false) }, func(a answer) bool { return a.AccessToken != "" }},
		{"redirect", func(f *faults.Set) { f.Redirect("https://evil.example/", http.StatusTemporaryRedirect) },
			func(a answer) bool {
				return a.status == 307 && a.header.Get("Location") == "https://evil.example/"
			}},
		{"echo", func(f *faults.Set) { f.Echo(true) },
			func(a answer) bool { return a.status == 500 && strings.Contains(a.body, secret) }},
		{"flood", func(f *faults.Set) { f.Flood(10 << 20) },
			func(a answer) bool { return a.status == 200 && len(a.body) > 10<<20 }},
		{"no lifetime", func(f *faults.Set) { f.ExpiresIn(nil) },
			func(a answer) bool { return a.AccessToken != "" && !strings.Contains(a.body, "expires_in") }},
		{"negative lifetime", func(f *faults.Set) { f.ExpiresIn(-5) },
			func(a answer) bool { return strings.Contains(a.body, `"expires_in":-5`) }},
		{"rewritten", func(f *faults.Set) {
			f.Rewrite(func(m map[string]any) { delete(m, "scope"); m["token_type"] = "mac" })
		}, func(a answer) bool { return a.TokenType == "mac" && a.Scope == "" && a.AccessToken != "" }},
		{"plain text", func(f *faults.Set) { f.ContentType("text/plain") },
			func(a answer) bool {
				return a.header.Get("Content-Type") == "text/plain" && strings.Contains(a.body, "access_token")
			}},
		{"an error of choice", func(f *faults.Set) { f.Refuse(1, "invalid_client") },
			func(a answer) bool { return a.status == 401 && a.Error == "invalid_client" }},
		{"a page of choice", func(f *faults.Set) {
			f.FailNext(1, faults.Answer{Status: 429, Body: "slow", Header: http.Header{"Retry-After": {"7"}}})
		}, func(a answer) bool { return a.status == 429 && a.body == "slow" && a.header.Get("Retry-After") == "7" }},
		{"reset", func(f *faults.Set) {
			f.Down(true)
			f.Hang(true)
			f.FailNext(9, faults.Answer{})
			f.Slow(time.Hour)
			f.Echo(true)
			f.Reset()
		}, func(a answer) bool { return a.AccessToken != "" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, nil)
			tt.fault(s.Faults(oauth.EndpointToken))
			a := post(t, s, "/oauth2/token", withSecret("grant_type", "client_credentials"))
			if !tt.check(a) {
				t.Errorf("got %d %.300s", a.status, a.body)
			}
		})
	}
}

// "expires_in":"3600" is not a number; the answer type of these tests would refuse it.
func TestExpiresInCanBeAString(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	s.Faults(oauth.EndpointToken).ExpiresIn("3600")
	s.Faults(oauth.EndpointToken).ContentType("text/plain")

	a := post(t, s, "/oauth2/token", withSecret("grant_type", "client_credentials"))

	if !strings.Contains(a.body, `"expires_in":"3600"`) {
		t.Errorf("got %s", a.body)
	}
}

func TestRewriteLeavesRefusalsAlone(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	s.Faults(oauth.EndpointToken).ExpiresIn(1)
	if a := post(t, s, "/oauth2/token", form()); a.Error != "invalid_client" || strings.Contains(a.body, "expires_in") {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

func TestFailNextCountsDown(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	s.Faults(oauth.EndpointToken).Refuse(2, "invalid_grant")
	s.Faults(oauth.EndpointToken).FailNext(1, faults.Answer{Status: 502})
	var got []int
	for range 4 {
		got = append(got, post(t, s, "/oauth2/token", withSecret("grant_type", "client_credentials")).status)
	}
	if want := [4]int{400, 400, 502, 200}; [4]int(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A very large n makes every request fail.
func TestFailNextTakesAnyNumber(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	s.Faults(oauth.EndpointToken).FailNext(-1, faults.Answer{Status: 418})
	s.Faults(oauth.EndpointToken).FailNext(math.MaxInt, faults.Answer{Status: 502})
	for range 2 {
		if a := post(t, s, "/oauth2/token", withSecret("grant_type", "client_credentials")); a.status != http.StatusBadGateway {
			t.Errorf("got %d", a.status)
		}
	}
}

func TestSlowDelaysAndHangHoldsRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil)
		start := time.Now()

		s.Faults(oauth.EndpointToken).Slow(30 * time.Second)
		a := post(t, s, "/oauth2/token", withSecret("grant_type", "client_credentials"))
		if waited := time.Since(start); waited != 30*time.Second || a.status != http.StatusOK {
			t.Errorf("slow: %v, %d", waited, a.status)
		}

		s.Faults(oauth.EndpointToken).Slow(0)
		s.Faults(oauth.EndpointToken).Hang(true)
		time.AfterFunc(time.Hour, func() { s.Faults(oauth.EndpointToken).Hang(false) })
		a = post(t, s, "/oauth2/token", withSecret("grant_type", "client_credentials"))
		if waited := time.Since(start); waited != time.Hour+30*time.Second || a.status != http.StatusOK {
			t.Errorf("hanging, then let go: %v, %d", waited, a.status)
		}

		s.Faults(oauth.EndpointToken).Hang(true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		a = post(t, s, "/oauth2/token", withSecret("grant_type", "client_credentials"),
			func(r *http.Request) { *r = *r.WithContext(ctx) })
		if a.AccessToken != "" {
			t.Error("a client that left was answered")
		}
	})
}
