package control_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func TestRevokedAndExpiredTokensAreRejected(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, end := range map[string]func() error{
		"revoked": func() error { _, err := f.control.RevokeTokens(with(t), &mockpb.RevokeTokensRequest{}); return err },
		"expired": func() error { _, err := f.control.ExpireTokens(with(t), &mockpb.ExpireTokensRequest{}); return err },
		"by the clock": func() error {
			_, err := f.control.SetClock(with(t), &mockpb.SetClockRequest{Offset: durationpb.New(2 * time.Hour)})
			return err
		},
	} {
		ctx := f.login(t)
		wantCode(t, f.list(ctx), codes.OK)
		if err := end(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wantCode(t, f.list(ctx), codes.Unauthenticated)
		ok[*mockpb.SetClockResponse](t)(f.control.SetClock(with(t), &mockpb.SetClockRequest{}))
		wantCode(t, f.list(f.login(t)), codes.OK)
	}
}

func TestRevokeTokensTakesLoginsOnlyIfAsked(t *testing.T) {
	t.Parallel()
	f := start(t)
	_, body := f.post(t, f.server.TokenURL(), "grant_type", "password", "client_id", "jetway-public",
		"username", f.server.Login(), "password", f.server.Password())
	for _, tt := range []struct {
		logins bool
		status int
	}{{false, 200}, {true, 400}} {
		var answer struct {
			RefreshToken string `json:"refresh_token"`
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.RefreshToken == "" {
			t.Fatalf("no refresh token: %v", err)
		}
		ok[*mockpb.RevokeTokensResponse](t)(f.control.RevokeTokens(with(t), &mockpb.RevokeTokensRequest{Logins: tt.logins}))
		var status int
		status, body = f.post(t, f.server.TokenURL(), "grant_type", "refresh_token", "client_id", "jetway-public", "refresh_token", answer.RefreshToken)
		if status != tt.status {
			t.Errorf("logins %v: a refresh answers %d, want %d", tt.logins, status, tt.status)
		}
	}
}

func TestIssueTokenIssuesWhatItIsAskedFor(t *testing.T) {
	t.Parallel()
	f := start(t)
	claims, err := structpb.NewStruct(map[string]any{"team": "a"})
	if err != nil {
		t.Fatal(err)
	}
	issued := ok[*mockpb.IssueTokenResponse](t)(f.control.IssueToken(with(t), &mockpb.IssueTokenRequest{
		Subject: "grace", ClientId: "ci", Scopes: []string{"all", "more"}, Audience: []string{"api://x"},
		Ttl: durationpb.New(time.Minute), Claims: claims, Refresh: true,
	}))
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(issued.GetAccessToken(), ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"sub":"grace"`, `"ci"`, `all more`, `api://x`, `"team":"a"`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("the token lacks %s: %s", want, raw)
		}
	}
	left := issued.GetExpiry().AsTime().Sub(f.server.Now())
	if issued.GetTokenId() != oauth.TokenID(issued.GetAccessToken()) || issued.GetRefreshToken() == "" || left <= 0 || left > time.Minute {
		t.Errorf("token %s, %v left", issued.GetTokenId(), left)
	}
	bare := ok[*mockpb.IssueTokenResponse](t)(f.control.IssueToken(with(t), &mockpb.IssueTokenRequest{Ttl: durationpb.New(-time.Minute)}))
	if bare.GetRefreshToken() != "" || bare.GetExpiry().AsTime().After(f.server.Now()) {
		t.Errorf("asked for an expired one, it expires at %v", bare.GetExpiry().AsTime())
	}
}

func TestSetClockReturnsTheServersTime(t *testing.T) {
	t.Parallel()
	f := start(t)
	set := ok[*mockpb.SetClockResponse](t)(f.control.SetClock(with(t), &mockpb.SetClockRequest{Offset: durationpb.New(-240 * time.Hour)}))
	if ago := time.Since(set.GetNow().AsTime()); ago < 239*time.Hour || ago > 241*time.Hour {
		t.Errorf("the clock is %v behind", ago)
	}
}
