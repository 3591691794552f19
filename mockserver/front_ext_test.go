package mockserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

// The codes are those that a plain gRPC client makes of bare HTTP answers.
func TestAnswerHTTPSendsBareHTTP(t *testing.T) {
	t.Parallel()
	page := "<html><body>please log in</body></html>"
	tests := []struct {
		name   string
		answer mockserver.HTTPAnswer
		want   codes.Code
		text   string
	}{
		{"401 empty", mockserver.HTTPAnswer{}, codes.Unauthenticated, "missing HTTP content-type"},
		{"401 page", mockserver.HTTPAnswer{Body: page}, codes.Unauthenticated, "401"},
		{"200 page", mockserver.HTTPAnswer{Status: http.StatusOK, Body: page}, codes.Unknown, "text/html"},
		{"302", mockserver.HTTPAnswer{Status: http.StatusFound, Location: "https://login.example/"}, codes.Unknown, "302"},
		{"307", mockserver.HTTPAnswer{Status: http.StatusTemporaryRedirect, Location: "https://login.example/"}, codes.Unknown, "307"},
		{"403", mockserver.HTTPAnswer{Status: http.StatusForbidden, ContentType: "text/plain", Body: "no"}, codes.PermissionDenied, "403"},
		{"407", mockserver.HTTPAnswer{Status: http.StatusProxyAuthRequired}, codes.Unknown, "407"},
		{"503", mockserver.HTTPAnswer{Status: http.StatusServiceUnavailable, Body: page}, codes.Unavailable, "503"},
	}
	for _, secure := range []bool{false, true} {
		options := []mockserver.Option{mockserver.WithHTTPFront()}
		if secure {
			options = append(options, mockserver.WithTLS())
		}
		s := mocktest.New(t, options...)
		conn, ctx := connect(t, s), with(short(t), fetchToken(t, s))
		for _, tt := range tests {
			for kind, call := range map[string]func(context.Context, *testing.T, grpc.ClientConnInterface) error{
				"unary": func(ctx context.Context, _ *testing.T, conn grpc.ClientConnInterface) error { return list(ctx, conn) },
				"stream": func(ctx context.Context, t *testing.T, conn grpc.ClientConnInterface) error {
					t.Helper()
					_, err := watch(ctx, t, conn).Recv()
					return err
				},
			} {
				if err := s.Script().AnswerHTTP("*", 1, tt.answer); err != nil {
					t.Fatal(err)
				}
				err := call(ctx, t, conn)
				if status.Code(err) != tt.want || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("tls %t, %s, %s: got %v", secure, tt.name, kind, err)
				}
			}
			wantCode(t, list(ctx, conn), codes.OK)
		}
	}
}

// As behind a proxy that checks access tokens: rejections are bare HTTP answers, other
// calls pass, and AuthMetadataService stays open.
func TestAnswerRejectionsReplacesUnauthenticated(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithHTTPFront())
	conn, token := connect(t, s), fetchToken(t, s)
	if err := s.Script().AnswerRejections(&mockserver.HTTPAnswer{Status: http.StatusFound, Location: "https://login.example/"}); err != nil {
		t.Fatal(err)
	}

	wantCode(t, list(short(t), conn), codes.Unknown)
	wantCode(t, list(with(short(t), "nonsense"), conn), codes.Unknown)
	wantCode(t, list(with(short(t), token), conn), codes.OK)
	if _, err := authpb.NewAuthMetadataServiceClient(conn).GetPublicClientConfig(short(t), &authpb.GetPublicClientConfigRequest{}); err != nil {
		t.Errorf("open method: %v", err)
	}
	s.Script().RevokeTokens()
	wantCode(t, list(with(short(t), token), conn), codes.Unknown)

	if err := s.Script().AnswerRejections(nil); err != nil {
		t.Fatal(err)
	}
	wantCode(t, list(with(short(t), token), conn), codes.Unauthenticated)
}

func TestAnswerHTTPNeedsTheFront(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	if err := s.Script().AnswerHTTP("*", 1, mockserver.HTTPAnswer{}); !errors.Is(err, mockserver.ErrNoHTTPFront) {
		t.Errorf("AnswerHTTP: %v", err)
	}
	if err := s.Script().AnswerRejections(nil); !errors.Is(err, mockserver.ErrNoHTTPFront) {
		t.Errorf("AnswerRejections: %v", err)
	}
}

// Flyte servers serve discovery on the port of the calls.
func TestFrontServesTheHTTPSideToo(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithHTTPFront())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Endpoint()+"/.well-known/oauth-authorization-server", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if code, body := roundTrip(t, s, r); code != http.StatusOK || !strings.Contains(string(body), s.Issuer()) {
		t.Errorf("got %d %s", code, body)
	}
}

// The answer to a query written by hand says what is wrong with it.
func TestConnectGETNamesTheMistakeInItsQuery(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithHTTPFront())
	c := caller{http1: true}
	const method = "/flyteidl2.auth.AuthMetadataService/GetOAuth2Metadata"
	for query, want := range map[string]struct {
		status int
		code   string
	}{
		"?connect=v1&encoding=json&message=%7B%7D":        {200, ""},
		"?encoding=json&message=%7B%7D":                   {200, ""},
		"?encoding=proto&message=":                        {200, ""},
		"?connect=v1&encoding=json&base64=1&message=e30":  {200, ""},
		"?connect=v1&encoding=json&base64=1&message=e30=": {200, ""},
		"": {400, "invalid_argument"},
		"?connect=v2&encoding=json&message=%7B%7D":                         {400, "invalid_argument"},
		"?connect=v1&encoding=xml&message=%7B%7D":                          {400, "invalid_argument"},
		"?connect=v1&encoding=json":                                        {400, "invalid_argument"},
		"?connect=v1&encoding=json&message=%zz":                            {400, "invalid_argument"},
		"?connect=v1&encoding=json&base64=1&message=***":                   {400, "invalid_argument"},
		"?connect=v1&encoding=json&base64=yes&message=e30":                 {400, "invalid_argument"},
		"?connect=v1&encoding=json&compression=gzip&base64=1&message=AAAA": {400, "invalid_argument"},
		"?connect=v1&encoding=json&compression=br&message=%7B%7D":          {501, "unimplemented"},
	} {
		r, err := http.NewRequestWithContext(short(t), http.MethodGet, base(s)+method+query, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.client(t, s).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Code, Message string }
		err = json.NewDecoder(resp.Body).Decode(&got)
		_ = resp.Body.Close()
		if want.status == 200 && resp.Header.Get("Content-Type") == "application/proto" {
			err = nil
		}
		if err != nil || resp.StatusCode != want.status || got.Code != want.code || (got.Message == "") != (want.code == "") {
			t.Errorf("%s: %d %+v, %v", query, resp.StatusCode, got, err)
		}
	}
}
