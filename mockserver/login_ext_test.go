package mockserver_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/faults"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	proof     = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	deviceURN = "urn:ietf:params:oauth:grant-type:device_code"
)

// public posts to an endpoint as the public client.
func public(tb testing.TB, s *mockserver.Server, path string, pairs ...string) (status int, answer map[string]any) {
	tb.Helper()
	form := url.Values{"client_id": {mockserver.PublicClientID}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, s.Issuer()+path, strings.NewReader(form.Encode()))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, body := roundTrip(tb, s, r)
	_ = json.Unmarshal(body, &answer) // not everything is JSON
	return status, answer
}

func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}

// authorization is the address that a client of s opens to log a person in.
func authorization(s *mockserver.Server, redirect string) string {
	return s.AuthorizationURL() + "?" + url.Values{
		"client_id": {mockserver.PublicClientID}, "redirect_uri": {redirect}, "response_type": {"code"}, "state": {"xyz"},
		"code_challenge": {proof}, "code_challenge_method": {"S256"},
	}.Encode()
}

// The backend accepts the access token of a login on the pages.
func TestLoginOnThePagesYieldsAnAcceptedToken(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]mockserver.Option{
		"TCP":    nil,
		"TLS":    {mockserver.WithTLS()},
		"memory": {mockserver.WithInMemory(), mockserver.WithIssuerPath("/realms/demo")},
		"front":  {mockserver.WithHTTPFront()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mocktest.New(t, options...)
			b := mocktest.NewBrowser(s)
			b.StopAt = "http://127.0.0.1:41999/"

			page, err := b.Visit(short(t), authorization(s, "http://127.0.0.1:41999/callback"))
			if err != nil {
				t.Fatal(err)
			}
			_, answer := public(t, s, "/oauth2/token", "grant_type", "authorization_code", "code", page.URL.Query().Get("code"),
				"redirect_uri", "http://127.0.0.1:41999/callback", "code_verifier", verifier)

			token := text(answer, "access_token")
			conn := connect(t, s)
			wantCode(t, list(with(short(t), token), conn), codes.OK)
			who, err := authpb.NewIdentityServiceClient(conn).UserInfo(with(short(t), token), &authpb.UserInfoRequest{})
			if err != nil || who.GetSubject() != mockserver.DefaultLogin || who.GetEmail() != "ada@example.com" {
				t.Errorf("who: %v, %v", who, err)
			}
		})
	}
}

// The device flow runs in a bubble with fake time.
func TestScriptDecidesDevices(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mocktest.New(t, mockserver.WithInMemory(), mockserver.WithOAuth(oauth.Config{DeviceTTL: time.Minute}))
		_, d := public(t, s, "/oauth2/device_authorization")
		poll := func() map[string]any {
			_, answer := public(t, s, "/oauth2/token", "grant_type", deviceURN, "device_code", text(d, "device_code"))
			return answer
		}
		if code := text(poll(), "error"); code != "authorization_pending" {
			t.Errorf("at first: %s", code)
		}
		time.Sleep(5 * time.Second)
		if code := text(poll(), "error"); code != "authorization_pending" {
			t.Errorf("after exactly the interval: %s", code)
		}
		if code := text(poll(), "error"); code != "slow_down" {
			t.Errorf("at once: %s", code)
		}
		if waiting := s.Script().PendingDevices(); len(waiting) != 1 || waiting[0].UserCode != text(d, "user_code") {
			t.Errorf("waiting: %v", waiting)
		}
		if err := s.Script().ApproveDevice(text(d, "user_code"), ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		wantCode(t, list(with(short(t), text(poll(), "access_token")), connect(t, s)), codes.OK)

		err := s.Script().DenyDevice(text(d, "user_code"))
		if !errors.Is(err, mockserver.ErrUnknownUserCode) {
			t.Errorf("denying it afterwards: %v", err)
		}
		if err := s.Script().ApproveDevice("BBBB-BBBB", "who"); !errors.Is(err, mockserver.ErrUnknownAccount) {
			t.Errorf("an unknown account: %v", err)
		}
	})
}

func TestEveryClientMayRequestTheOfflineScope(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithOAuth(oauth.Config{OfflineScope: "offline", AutoApprove: mockserver.DefaultLogin}))
	login := func(scope string) map[string]any {
		_, answer := public(t, s, "/oauth2/token", "grant_type", "password", "username", s.Login(), "password", s.Password(), "scope", scope)
		return answer
	}
	if got := login("all"); text(got, "refresh_token") != "" {
		t.Error("a refresh token that was not asked for")
	}
	if got := login("all offline"); text(got, "refresh_token") == "" {
		t.Errorf("none: %v", got["error"])
	}
	config, err := authpb.NewAuthMetadataServiceClient(connect(t, s)).GetPublicClientConfig(short(t), &authpb.GetPublicClientConfigRequest{})
	if err != nil || strings.Join(config.GetScopes(), " ") != "all offline" || config.GetRedirectUri() != mockserver.RedirectURI {
		t.Errorf("advertised: %v, %v", config, err)
	}
	_, d := public(t, s, "/oauth2/device_authorization")
	if _, answer := public(t, s, "/oauth2/token", "grant_type", deviceURN, "device_code", text(d, "device_code")); text(answer, "access_token") == "" {
		t.Errorf("auto-approved device: %v", answer)
	}
}

func TestAuthMetadataMatchesTheDiscoveryDocuments(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		has               []string
		authorize, device bool
		grants            int
	}{
		{nil, true, true, 6},
		{[]string{"client_credentials", deviceURN}, false, true, 2},
		{[]string{"client_credentials", "authorization_code"}, true, false, 2},
	} {
		s := mocktest.New(t, mockserver.WithOAuth(oauth.Config{Grants: tt.has}))
		meta, err := authpb.NewAuthMetadataServiceClient(connect(t, s)).GetOAuth2Metadata(short(t), &authpb.GetOAuth2MetadataRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if got := meta.GetAuthorizationEndpoint() != ""; got != tt.authorize || got != (len(meta.GetCodeChallengeMethodsSupported()) == 1) {
			t.Errorf("authorization endpoint: %v", meta)
		}
		if got := meta.GetDeviceAuthorizationEndpoint() != ""; got != tt.device {
			t.Errorf("device endpoint: %v", meta)
		}
		if len(meta.GetGrantTypesSupported()) != tt.grants {
			t.Errorf("grants: %v", meta.GetGrantTypesSupported())
		}
	}
}

func TestWithOAuthAppliesQuirksAndGrace(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithOAuth(oauth.Config{
		Quirks: append(oauth.DexQuirks(), oauth.QuirkNoInterval), RotationGrace: time.Minute, CodeTTL: time.Second,
	}))
	_, first := public(t, s, "/oauth2/token", "grant_type", "password", "username", s.Login(), "password", s.Password())
	for range 2 {
		if _, a := public(t, s, "/oauth2/token", "grant_type", "refresh_token", "refresh_token", text(first, "refresh_token")); text(a, "token_type") != "bearer" {
			t.Errorf("within the grace: %v", a["error"])
		}
	}
	s.SetClockOffset(2 * time.Minute)
	if _, a := public(t, s, "/oauth2/token", "grant_type", "refresh_token", "refresh_token", text(first, "refresh_token")); text(a, "error") != "invalid_request" {
		t.Errorf("after it: %v", a["error"])
	}
	if _, err := mockserver.New(mockserver.WithOAuth(oauth.Config{Quirks: []oauth.Quirk{"none"}})); err == nil {
		t.Error("an unknown quirk was taken")
	}
}

// The public client needs no secret for that.
func TestPublicClientExchangesTokensOfTrustedIssuers(t *testing.T) {
	t.Parallel()
	known, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := mocktest.New(t, mockserver.WithOAuth(oauth.Config{TrustedIssuers: []oauth.TrustedIssuer{{
		Issuer: "https://cluster.example", Keys: []crypto.PublicKey{known}, Audience: "jetway",
	}}}))
	part := base64.RawURLEncoding.EncodeToString
	unsigned := part([]byte(`{"alg":"EdDSA"}`)) + "." +
		part(fmt.Appendf(nil, `{"iss":"https://cluster.example","aud":"jetway","sub":"trainer","exp":%d}`, time.Now().Add(time.Hour).Unix()))
	_, answer := public(t, s, "/oauth2/token", "grant_type", oauth.GrantTokenExchange, "subject_token_type",
		"urn:ietf:params:oauth:token-type:jwt", "subject_token", unsigned+"."+part(ed25519.Sign(private, []byte(unsigned))))
	wantCode(t, list(with(short(t), text(answer, "access_token")), connect(t, s)), codes.OK)
}

func TestScriptReachesEveryEndpoint(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	s.Script().Endpoint(oauth.EndpointDevice).FailNext(2, faults.Answer{Status: http.StatusBadGateway})
	if status, _ := public(t, s, "/oauth2/device_authorization"); status != http.StatusBadGateway {
		t.Errorf("scripted: %d", status)
	}
	s.Script().Reset()
	if status, _ := public(t, s, "/oauth2/device_authorization"); status != http.StatusOK {
		t.Errorf("reset: %d", status)
	}
}

func TestLogsOfLoginsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := mocktest.New(t, mockserver.WithLogger(logger), mockserver.WithProxyAuth("canary-of-the-proxy"),
		mockserver.WithOAuth(oauth.Config{Accounts: []oauth.Account{{Login: "eve", Password: "canary-of-eve's"}}}))
	s.Script().SetProxyToken("")
	b := mocktest.NewBrowser(s)
	b.StopAt = "http://127.0.0.1:41999/"
	page, err := b.Visit(short(t), authorization(s, "http://127.0.0.1:41999/callback"))
	if err != nil {
		t.Fatal(err)
	}
	code := page.URL.Query().Get("code")
	_, _ = public(t, s, "/oauth2/device_authorization", "scope", "all canary-of-eve's", "client_secret", "other-canary")
	_, d := public(t, s, "/oauth2/device_authorization")
	_, _ = public(t, s, "/oauth2/token", "grant_type", deviceURN, "device_code", text(d, "device_code"), "scope", text(d, "device_code"))
	_, _ = public(t, s, "/oauth2/token", "grant_type", "password", "username", "eve", "password", "canary-of-eve's", "resource", "canary-of-the-proxy")
	_, _ = public(t, s, "/oauth2/token", "grant_type", "authorization_code", "code", code, "redirect_uri", code)

	var endpoints []oauth.Endpoint
	for _, r := range s.Requests() {
		if r.Endpoint != "" {
			endpoints = append(endpoints, r.Endpoint)
		}
		if r.Endpoint == oauth.EndpointAuthorization && (r.Form["client_id"][0] != mockserver.PublicClientID || len(r.Form["redirect_uri"]) != 1) {
			t.Errorf("authorization request: %v", r.Form)
		}
	}
	if len(endpoints) != 6 || endpoints[0] != oauth.EndpointAuthorization || endpoints[1] != oauth.EndpointDevice || s.TokenRequests() != 3 {
		t.Errorf("endpoints: %v", endpoints)
	}
	remembered := fmt.Sprintf("%+v", s.Requests())
	for _, canary := range []string{"canary", code, text(d, "device_code"), verifier} {
		if strings.Contains(remembered, canary) || strings.Contains(log.String(), canary) {
			t.Errorf("%q is remembered or logged", canary)
		}
	}
}
