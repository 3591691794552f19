package authserver_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

type deviceAnswer struct {
	DeviceCode  string `json:"device_code"`
	UserCode    string `json:"user_code"`
	URI         string `json:"verification_uri"`
	CompleteURI string `json:"verification_uri_complete"`
	ExpiresIn   int64  `json:"expires_in"`
	Interval    int64  `json:"interval"`
}

func startDevice(t *testing.T, s http.Handler, pairs ...string) deviceAnswer {
	t.Helper()
	a := post(t, s, "/oauth2/device_authorization", form(append([]string{"client_id", "app", "scope", "read"}, pairs...)...))
	var d deviceAnswer
	if err := json.Unmarshal([]byte(a.body), &d); err != nil || a.status != http.StatusOK || d.DeviceCode == "" {
		t.Fatalf("device answer: %d %s, %v", a.status, a.body, err)
	}
	return d
}

func poll(t *testing.T, s http.Handler, d deviceAnswer, pairs ...string) answer {
	t.Helper()
	return post(t, s, "/oauth2/token", form(append([]string{"grant_type", deviceURN, "client_id", "app", "device_code", d.DeviceCode}, pairs...)...))
}

func wantError(t *testing.T, when string, a answer, want string) {
	t.Helper()
	if a.Error != want {
		t.Errorf("%s: %d %s, want %s", when, a.status, a.body, want)
	}
}

// A device shows a code, a user types it and allows access, the device gets tokens.
func TestDeviceCodeYieldsTokensAfterApproval(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s := newPeople(t, func(c *oauth.Config) { c.Now = clock.Now })
	d := startDevice(t, s, "audience", "https://api.example")
	if !regexp.MustCompile(`^[B-Z]{4}-[B-Z]{4}$`).MatchString(d.UserCode) || d.Interval != 5 || d.ExpiresIn != 600 ||
		d.URI != issuer+"/oauth2/device" || d.CompleteURI != d.URI+"?user_code="+d.UserCode {
		t.Fatalf("device answer: %+v", d)
	}
	wantError(t, "before the person", poll(t, s, d), "authorization_pending")

	b := newBrowser(s)
	b.UserCode = strings.ToLower(strings.ReplaceAll(d.UserCode, "-", " ")) // as people type
	page := visit(t, b, d.URI)

	if !strings.Contains(page.Body, "Connected") {
		t.Errorf("last page: %s", page.Body)
	}
	clock.advance(5 * time.Second)
	a := poll(t, s, d)
	info, err := s.Verify(a.AccessToken, "https://api.example")
	if err != nil || info.Subject != "user-1" || a.Scope != "read" || a.RefreshToken == "" {
		t.Errorf("tokens: %s, %+v, %v", a.body, info, err)
	}
	clock.advance(time.Minute)
	wantError(t, "after success", poll(t, s, d), "invalid_grant")
}

// The complete address fills in the code; the user still decides.
func TestCompleteURIFillsInTheCodeOnly(t *testing.T) {
	t.Parallel()
	s := newPeople(t, nil)
	d := startDevice(t, s)
	show(t, s, d.CompleteURI)
	wantError(t, "opened only", poll(t, s, d), "authorization_pending")
	b := newBrowser(s)
	visit(t, b, d.CompleteURI)
	if left := s.PendingDevices(); len(left) != 0 {
		t.Errorf("still waiting: %v", left)
	}
}

func TestDeniedDeviceGetsAccessDenied(t *testing.T) {
	t.Parallel()
	clock := newClock()
	for quirk, want := range map[oauth.Quirk]string{"": "access_denied", oauth.QuirkSilentDenial: "authorization_pending"} {
		s := newPeople(t, func(c *oauth.Config) {
			c.Now = clock.Now
			if quirk != "" {
				c.Quirks = []oauth.Quirk{quirk}
			}
		})
		d := startDevice(t, s)
		b := newBrowser(s)
		b.Deny = true
		if page := visit(t, b, d.CompleteURI); !strings.Contains(page.Body, "Denied") {
			t.Errorf("last page: %s", page.Body)
		}
		wantError(t, "after the denial", poll(t, s, d), want)
		clock.advance(time.Hour)
		if quirk != "" {
			wantError(t, "at the end of a silent denial", poll(t, s, d), "expired_token")
		}
	}
}

// Each early poll adds five seconds to the interval.
func TestEarlyPollsLengthenTheInterval(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s := newPeople(t, func(c *oauth.Config) { c.Now, c.DeviceInterval = clock.Now, 2*time.Second })
	d := startDevice(t, s)
	for i, step := range []struct {
		wait time.Duration
		want string
	}{
		{0, "authorization_pending"},
		{2 * time.Second, "authorization_pending"},
		{time.Second, "slow_down"},     // 7 s from here
		{6 * time.Second, "slow_down"}, // 12 s
		{12 * time.Second, "authorization_pending"},
		{7 * time.Second, "slow_down"}, // 17 s
		{17 * time.Second, "authorization_pending"},
	} {
		clock.advance(step.wait)
		if a := poll(t, s, d); a.Error != step.want || a.status != http.StatusBadRequest {
			t.Errorf("poll %d: %d %s, want %s", i, a.status, a.body, step.want)
		}
	}
	if err := s.ApproveDevice(d.UserCode, "bob"); err != nil {
		t.Fatal(err)
	}
	wantError(t, "early, approved", poll(t, s, d), "slow_down")
}

func TestDeviceExpires(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s := newPeople(t, func(c *oauth.Config) { c.Now, c.DeviceTTL = clock.Now, time.Minute })
	d := startDevice(t, s)
	clock.advance(time.Minute)
	wantError(t, "expired", poll(t, s, d), "expired_token")
	if err := s.ApproveDevice(d.UserCode, "ada"); !errors.Is(err, authserver.ErrUnknownUserCode) {
		t.Errorf("approving it: %v", err)
	}
	b := newBrowser(s)
	if _, err := b.Visit(t.Context(), d.CompleteURI); !errors.Is(err, mocktest.ErrAskedAgain) {
		t.Errorf("typing it in: %v", err)
	}
}

func TestDevicesAreDecidedWithoutPages(t *testing.T) {
	t.Parallel()
	s := newPeople(t, nil)
	one, two := startDevice(t, s), startDevice(t, s)
	if waiting := s.PendingDevices(); len(waiting) != 2 || waiting[0].UserCode != one.UserCode || waiting[0].ClientID != "app" {
		t.Errorf("waiting: %v", waiting)
	}
	if err := s.ApproveDevice(one.UserCode, "nobody"); !errors.Is(err, authserver.ErrUnknownAccount) {
		t.Errorf("unknown account: %v", err)
	}
	if err := s.ApproveDevice("BBBB-BBBB", "ada"); !errors.Is(err, authserver.ErrUnknownUserCode) {
		t.Errorf("unknown code: %v", err)
	}
	if err := errors.Join(s.ApproveDevice(one.UserCode, "bob"), s.DenyDevice(two.UserCode)); err != nil {
		t.Fatal(err)
	}
	if err := s.DenyDevice(one.UserCode); !errors.Is(err, authserver.ErrUnknownUserCode) {
		t.Errorf("deciding twice: %v", err)
	}
	if info, err := s.Verify(poll(t, s, one).AccessToken, ""); err != nil || info.Subject != "bob" {
		t.Errorf("approved: %+v, %v", info, err)
	}
	wantError(t, "denied", poll(t, s, two), "access_denied")
}

func TestBadDeviceRequestsAreRefused(t *testing.T) {
	t.Parallel()
	s := newPeople(t, func(c *oauth.Config) {
		c.Clients = append(c.Clients, oauth.Client{ID: "no device", Grants: []string{"refresh_token"}})
	})
	d := startDevice(t, s)
	for name, tt := range map[string]struct {
		values url.Values
		want   string
	}{
		"unknown client": {form("client_id", "who"), "invalid_client"},
		"not allowed":    {form("client_id", "no device"), "unauthorized_client"},
		"unknown scope":  {form("client_id", "app", "scope", "admin"), "invalid_scope"},
		"bad resource":   {form("client_id", "app", "resource", "x"), "invalid_target"},
		"plain":          {form("client_id", "app", "code_challenge", proof, "code_challenge_method", "plain"), "invalid_request"},
		"two audiences":  {form("client_id", "app", "audience", "a", "audience", "b"), "invalid_request"},
	} {
		wantError(t, name, post(t, s, "/oauth2/device_authorization", tt.values), tt.want)
	}
	wantError(t, "no code", poll(t, s, deviceAnswer{}), "invalid_request")
	wantError(t, "unknown code", poll(t, s, deviceAnswer{DeviceCode: "dc_x"}), "invalid_grant")
	wantError(t, "another client", post(t, s, "/oauth2/token", form("grant_type", deviceURN, "client_id", "public", "device_code", d.DeviceCode)), "invalid_grant")
	wantError(t, "verifier without challenge", poll(t, s, d, "code_verifier", verifier), "invalid_grant")
}

func TestDeviceCodeChecksItsCodeChallenge(t *testing.T) {
	t.Parallel()
	s := newPeople(t, func(c *oauth.Config) { c.AutoApprove = "ada" })
	d := startDevice(t, s, "code_challenge", proof, "code_challenge_method", "S256")
	wantError(t, "no verifier", poll(t, s, d), "invalid_request")
	wantError(t, "wrong verifier", poll(t, s, d, "code_verifier", strings.Repeat("b", 50)), "invalid_grant")
	if a := poll(t, s, d, "code_verifier", verifier); a.AccessToken == "" {
		t.Errorf("right verifier: %s", a.body)
	}
}
