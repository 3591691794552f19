package mockserver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// story returns the kinds of a record's events.
func story(r oauth.LoginRecord) string {
	var kinds []string
	for _, e := range r.Events {
		kinds = append(kinds, string(e.Kind))
	}
	return strings.Join(kinds, " ")
}

// refresh sends a refresh token and returns the next tokens, if there are any.
func refresh(t *testing.T, s *mockserver.Server, token string) (status int, access, next string) {
	t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {mockserver.PublicClientID}}
	resp, err := s.HTTPClient().PostForm(s.TokenURL(), form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer.AccessToken, answer.RefreshToken
}

func TestLoginRecordTellsTheWholeStoryOfALogin(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	conn := connect(t, s)
	first, err := s.Script().IssueToken(oauth.TokenSpec{
		Subject: "ada", ClientID: mockserver.PublicClientID, Scopes: []string{"all"}, Refresh: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Script().ExpireTokens()
	wantCode(t, list(with(short(t), first.AccessToken), conn), codes.Unauthenticated)
	wantCode(t, list(with(short(t), first.AccessToken), conn), codes.Unauthenticated) // told once
	status, access, next := refresh(t, s, first.RefreshToken)
	if status != http.StatusOK {
		t.Fatalf("refresh: %d", status)
	}
	records := s.LoginRecords()
	if len(records) != 1 {
		t.Fatalf("%d records: %+v", len(records), records)
	}
	r := records[0]
	if got, want := story(r), "issued expired refused renewed rotated"; got != want {
		t.Errorf("story %q, want %q", got, want)
	}
	if r.ID == "" || r.Subject != "ada" || r.ClientID != mockserver.PublicClientID || r.Ended || r.Revoked ||
		r.TokenID != oauth.TokenID(access) || r.RefreshTokenID != oauth.TokenID(next) || !r.Expiry.After(s.Now()) {
		t.Errorf("record %+v", r)
	}
	if e := r.Events[2]; e.TokenID != oauth.TokenID(first.AccessToken) || !strings.Contains(e.Reason, "expired token") {
		t.Errorf("refusal %+v", e)
	}

	// A second use of the first refresh token ends the login.
	if status, _, _ := refresh(t, s, first.RefreshToken); status != http.StatusBadRequest {
		t.Errorf("a refresh token was accepted twice: %d", status)
	}
	r = s.LoginRecords()[0]
	if got, want := story(r), "issued expired refused renewed rotated revoked refused"; got != want || !r.Ended || !r.Revoked {
		t.Errorf("story %q, want %q; %+v", got, want, r)
	}
	if e := r.Events[5]; !strings.Contains(e.Reason, "used twice") {
		t.Errorf("end %+v", e)
	}
}

func TestLoginRecordsOfClientsAndDevices(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	fetchToken(t, s)
	fetchToken(t, s)
	s.Script().RevokeTokens()
	postToken(t, s, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"canary-of-a-token"}})
	postToken(t, s, url.Values{"grant_type": {"canary-of-a-grant"}})
	records := s.LoginRecords()
	if len(records) != 1 || records[0].ID != "" || records[0].ClientID != s.ClientID() || records[0].Ended || !records[0].Revoked {
		t.Fatalf("records %+v", records)
	}
	if got, want := strings.Fields(story(records[0])), []string{"issued", "issued", "revoked", "refused", "refused"}; !slices.Equal(got, want) {
		t.Errorf("story %q, want %q", got, want)
	}
	ask := func() string {
		resp, err := s.HTTPClient().PostForm(s.Issuer()+"/oauth2/device_authorization", url.Values{"client_id": {mockserver.PublicClientID}})
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return s.Script().PendingDevices()[0].UserCode
	}
	if err := s.Script().ApproveDevice(ask(), ""); err != nil {
		t.Fatal(err)
	}
	if r := s.LoginRecords()[0]; story(r) != "approved" || r.Subject != s.Login() {
		t.Errorf("after the approval: %+v", r)
	}
	if err := s.Script().DenyDevice(ask()); err != nil {
		t.Fatal(err)
	}
	if r := s.LoginRecords()[0]; story(r) != "denied" || r.ClientID != mockserver.PublicClientID || r.ID != "" {
		t.Errorf("after the denial: %+v", r)
	}
	s.Script().RevokeLogins()
	if r := s.LoginRecords()[0]; story(r) != "approved revoked" || !r.Ended {
		t.Errorf("after the end of all logins: %+v", r)
	}
	if text := fmt.Sprintf("%+v", s.LoginRecords()); strings.Contains(text, "canary") {
		t.Errorf("the records hold what a client sent: %s", text)
	}
}

func TestLoginRecordsAreBounded(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	for i := range 300 {
		if _, err := s.Script().IssueToken(oauth.TokenSpec{Subject: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		postToken(t, s, url.Values{"grant_type": {"password"}, "username": {"x"}, "password": {"y"}})
	}
	records := s.LoginRecords()
	if len(records) != 256 || records[1].Subject != "299" {
		t.Errorf("%d records, the latest login is %+v", len(records), records[1])
	}
	if r := records[0]; len(r.Events) != 64 || r.Dropped != 36 {
		t.Errorf("%d events, %d dropped", len(r.Events), r.Dropped)
	}
}
