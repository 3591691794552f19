package mockserver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/mockserver/requests"
)

func TestRequestsListsCallsAndHTTPRequests(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	conn := connect(t, s)
	token := fetchToken(t, s, "scope", "all", "audience", "api")
	ctx := metadata.AppendToOutgoingContext(with(short(t), token), "x-request-id", "42", "x-note", "a", "x-note", "b")
	wantCode(t, list(ctx, conn), codes.OK)
	wantCode(t, list(metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer other"), conn), codes.Unauthenticated)

	got := s.Requests()

	if len(got) != 3 || s.TokenRequests() != 1 {
		t.Fatalf("%d requests, %d of them for tokens", len(got), s.TokenRequests())
	}
	login, first, second := got[0], got[1], got[2]
	if login.Kind != requests.KindToken || login.Method != "POST /oauth2/token" || !login.Done || login.HTTPStatus != http.StatusOK {
		t.Errorf("login: %+v", login)
	}
	for name, want := range map[string]string{
		"grant_type": "client_credentials", "scope": "all", "audience": "api", "client_id": s.ClientID(),
	} {
		if !slices.Equal(login.Form[name], []string{want}) {
			t.Errorf("form %s = %v", name, login.Form[name])
		}
	}
	if first.Kind != requests.KindGRPC || first.Method != listProjects || first.Code != codes.OK || !first.Done ||
		first.TokenID != oauth.TokenID(token) || first.Authorizations != 1 || first.Time.IsZero() {
		t.Errorf("first call: %+v", first)
	}
	if !slices.Equal(first.Metadata["x-note"], []string{"a", "b"}) || first.Metadata["x-request-id"][0] != "42" {
		t.Errorf("metadata: %v", first.Metadata)
	}
	if !slices.Contains(first.Keys, "authorization") || !slices.IsSorted(first.Keys) || first.Metadata["authorization"] != nil {
		t.Errorf("keys: %v", first.Keys)
	}
	if second.Authorizations != 2 || second.Code != codes.Unauthenticated {
		t.Errorf("second call: %+v", second)
	}

	s.ResetRequests()
	if len(s.Requests()) != 0 || s.TokenRequests() != 0 {
		t.Error("ResetRequests left something")
	}
}

func TestRequestUnderWayIsNotDone(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	conn := connect(t, s)
	hold := s.Script().Hold("*")
	ended := make(chan error, 1)
	ctx := with(short(t), fetchToken(t, s))
	s.ResetRequests()
	go func() { ended <- list(ctx, conn) }()
	<-hold.Arrived()
	if got := s.Requests(); len(got) != 1 || got[0].Done {
		t.Errorf("while it waits: %+v", got)
	}
	hold.Release()
	wantCode(t, <-ended, codes.OK)
	if got := s.Requests(); !got[0].Done {
		t.Errorf("afterwards: %+v", got)
	}
}

func TestFrontAnswersAreLogged(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithHTTPFront())
	if err := s.Script().AnswerHTTP("*", 1, mockserver.HTTPAnswer{Status: http.StatusFound}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, list(with(short(t), "some-token"), connect(t, s)), codes.Unknown)
	got := s.Requests()
	if len(got) != 1 || got[0].Method != listProjects || got[0].HTTPStatus != http.StatusFound || got[0].TokenID != oauth.TokenID("some-token") {
		t.Errorf("got %+v", got)
	}
}

func TestRequestLogKeepsTheLatest(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithRequestLog(3), mockserver.WithOpenAccess())
	conn := connect(t, s)
	for i := range 5 {
		wantCode(t, list(metadata.AppendToOutgoingContext(short(t), "n", fmt.Sprint(i)), conn), codes.OK)
	}
	var order []string
	for _, r := range s.Requests() {
		order = append(order, r.Metadata["n"]...)
	}
	if !slices.Equal(order, []string{"2", "3", "4"}) {
		t.Errorf("remembered %v", order)
	}
}

// Neither requests nor the log hold a token or a secret, wherever a faulty client sends
// them.
func TestRequestsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := mocktest.New(t, mockserver.WithLogger(logger), mockserver.WithHTTPFront(),
		mockserver.WithOAuth(oauth.Config{
			Clients: []oauth.Client{{ID: "worker", Secret: "canary-client-secret", Scopes: []string{"all"}}},
		}))
	conn, token := connect(t, s), fetchToken(t, s)
	session, err := s.Script().IssueToken(oauth.TokenSpec{ClientID: mockserver.PublicClientID, Scopes: []string{"all"}, Refresh: true})
	if err != nil {
		t.Fatal(err)
	}

	wantCode(t, list(metadata.AppendToOutgoingContext(with(short(t), token),
		"x-my-token", token, "x-note", "token is "+token, "x-other", "canary-client-secret", "cookie", "session="+token,
		"proxy-authorization", "Bearer foreign-canary", "x-api-key", "foreign-canary", "x-auth-token", "foreign-canary"), conn), codes.OK)
	_ = list(metadata.AppendToOutgoingContext(short(t), "authorization", token), conn)
	s.Script().RejectNext(1)
	_ = list(with(short(t), token), conn)
	if err := s.Script().AnswerHTTP("*", 1, mockserver.HTTPAnswer{}); err != nil {
		t.Fatal(err)
	}
	_ = list(with(short(t), token), conn)
	postToken(t, s, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {session.RefreshToken}})
	postToken(t, s, url.Values{"grant_type": {"client_credentials"}, "client_secret": {"canary-client-secret"}, "scope": {token}})
	postToken(t, s, url.Values{"token": {session.RefreshToken}, "client_id": {"canary-client-secret"}})
	get, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.HTTPURL()+"/x/"+token+"?access_token="+token, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	get.Header.Set("Referer", s.HTTPURL()+"/?t="+token)
	roundTrip(t, s, get)

	asJSON, err := json.Marshal(s.Requests())
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{
		"Requests as JSON": string(asJSON), "Requests by %+v": fmt.Sprintf("%+v", s.Requests()), "the log": log.String(),
	} {
		if len(text) < 500 {
			t.Errorf("%s is suspiciously short: %s", where, text)
		}
		for what, canary := range map[string]string{
			"access token": token, "its signature": token[strings.LastIndexByte(token, '.')+1:],
			"refresh token": session.RefreshToken, "client secret": "canary-client-secret",
			"secret of another system": "foreign-canary",
		} {
			if strings.Contains(text, canary) {
				t.Errorf("%s holds the %s", where, what)
			}
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// The message of a failed call is what a test wrote or a handler made of the request.
func TestReasonHoldsNoSecret(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	conn, token := connect(t, s), fetchToken(t, s)
	s.Script().FailNext("*", 1, codes.Internal, "the token was "+token)
	_ = list(with(short(t), token), conn)
	if got := s.Latest(1)[0].Reason; got != "[redacted]" {
		t.Errorf("reason %q", got)
	}
	if got := s.WithoutSecrets("the secret is " + s.ClientSecret()); got != "[redacted]" || s.WithoutSecrets("no secret") != "no secret" {
		t.Errorf("got %q", got)
	}
}
