package mockserver_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	connectgo "connectrpc.com/connect"
	"google.golang.org/grpc/codes"

	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/front"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/mockserver/requests"
)

// caller calls a server by one protocol.
type caller struct {
	name     string
	protocol front.Protocol
	options  []connectgo.ClientOption
	http1    bool
	http     *http.Client // set by eachCaller
}

func callers() []caller {
	none := connectgo.WithClientOptions()
	return []caller{
		{"gRPC", front.GRPC, []connectgo.ClientOption{connectgo.WithGRPC()}, false, nil},
		{"gRPC-Web", front.GRPCWeb, []connectgo.ClientOption{connectgo.WithGRPCWeb()}, false, nil},
		{"gRPC-Web over HTTP/1.1", front.GRPCWeb, []connectgo.ClientOption{connectgo.WithGRPCWeb()}, true, nil},
		{"Connect", front.Connect, []connectgo.ClientOption{none}, false, nil},
		{"Connect over HTTP/1.1, JSON, gzip", front.Connect, []connectgo.ClientOption{connectgo.WithProtoJSON(), connectgo.WithSendGzip()}, true, nil},
	}
}

// client returns an HTTP client for the port of the calls.
func (c caller) client(tb testing.TB, s *mockserver.Server) *http.Client {
	tb.Helper()
	tr := &http.Transport{
		Protocols:   &http.Protocols{},
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) { return s.DialContext(ctx, address) },
	}
	tr.Protocols.SetHTTP1(c.http1)
	tr.Protocols.SetHTTP2(!c.http1 && s.CACertPEM() != nil)
	tr.Protocols.SetUnencryptedHTTP2(!c.http1 && s.CACertPEM() == nil)
	if pem := s.CACertPEM(); pem != nil {
		tr.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS13}
		tr.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem)
	}
	tb.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// list calls a unary method, watch a stream until its first message.
func (c caller) list(ctx context.Context, s *mockserver.Server, token string) error {
	client := connectgo.NewClient[projectpb.ListProjectsRequest, projectpb.ListProjectsResponse](c.http, base(s)+listProjects, c.options...)
	req := connectgo.NewRequest(&projectpb.ListProjectsRequest{})
	authorize(req.Header(), token)
	_, err := client.CallUnary(ctx, req)
	return err
}

func (c caller) watch(ctx context.Context, tb testing.TB, s *mockserver.Server, token string) (*connectgo.ServerStreamForClient[workflowpb.WatchGroupsResponse], error) {
	tb.Helper()
	client := connectgo.NewClient[workflowpb.WatchGroupsRequest, workflowpb.WatchGroupsResponse](c.http, base(s)+watchGroups, c.options...)
	req := connectgo.NewRequest(&workflowpb.WatchGroupsRequest{ScopeBy: &workflowpb.WatchGroupsRequest_ProjectId{ProjectId: projectID()}})
	authorize(req.Header(), token)
	stream, err := client.CallServerStream(ctx, req)
	if err != nil {
		return nil, err
	}
	tb.Cleanup(func() { _ = stream.Close() })
	if !stream.Receive() {
		return nil, stream.Err()
	}
	return stream, nil
}

func base(s *mockserver.Server) string {
	scheme := "http://"
	if s.CACertPEM() != nil {
		scheme = "https://"
	}
	return scheme + "localhost"
}

func authorize(h http.Header, token string) {
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
}

func wantConnectCode(tb testing.TB, what string, err error, want connectgo.Code) {
	tb.Helper()
	if got := connectgo.CodeOf(err); err == nil && want != 0 || err != nil && got != want {
		tb.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// eachCaller runs the test once for every protocol, each with a server of its own. Every
// other server uses TLS.
func eachCaller(t *testing.T, run func(t *testing.T, c caller, s *mockserver.Server), options ...mockserver.Option) {
	t.Helper()
	for i, c := range callers() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			all := append([]mockserver.Option{mockserver.WithHTTPFront()}, options...)
			if i%2 == 1 {
				all = append(all, mockserver.WithTLS())
			}
			s := mocktest.New(t, all...)
			c.http = c.client(t, s)
			run(t, c, s)
		})
	}
}

func TestCallsNeedATokenInEveryProtocol(t *testing.T) {
	t.Parallel()
	eachCaller(t, func(t *testing.T, c caller, s *mockserver.Server) {
		t.Helper()
		token := fetchToken(t, s)
		s.ResetRequests()
		wantConnectCode(t, "no token", c.list(short(t), s, ""), connectgo.CodeUnauthenticated)
		wantConnectCode(t, "nonsense", c.list(short(t), s, "nonsense"), connectgo.CodeUnauthenticated)
		wantConnectCode(t, "a token", c.list(short(t), s, token), 0)
		_, err := c.watch(short(t), t, s, "")
		wantConnectCode(t, "a stream without", err, connectgo.CodeUnauthenticated)
		_, err = c.watch(short(t), t, s, token)
		wantConnectCode(t, "a stream", err, 0)

		got := s.Requests()
		if len(got) != 5 {
			t.Fatalf("%d requests in the log: %+v", len(got), got)
		}
		for i, want := range []codes.Code{codes.Unauthenticated, codes.Unauthenticated, codes.OK, codes.Unauthenticated} {
			if r := got[i]; r.Protocol != c.protocol || r.Kind != requests.KindGRPC || !r.Done || r.Code != want {
				t.Errorf("request %d: %+v", i, r)
			}
		}
		if r := got[2]; r.Method != listProjects || r.TokenID != oauth.TokenID(token) || r.Authorizations != 1 || r.Metadata["authorization"] != nil {
			t.Errorf("the call with a token: %+v", r)
		}
		if r := got[4]; r.Method != watchGroups || r.Protocol != c.protocol || r.Done {
			t.Errorf("the open stream: %+v", r)
		}
	})
}

func TestScriptIsTheSameInEveryProtocol(t *testing.T) {
	t.Parallel()
	eachCaller(t, func(t *testing.T, c caller, s *mockserver.Server) {
		t.Helper()
		token := fetchToken(t, s)
		s.Script().RejectNext(1)
		wantConnectCode(t, "RejectNext", c.list(short(t), s, token), connectgo.CodeUnauthenticated)
		s.Script().FailNext(listProjects, 1, codes.Aborted, "try again")
		wantConnectCode(t, "FailNext", c.list(short(t), s, token), connectgo.CodeAborted)
		s.Script().BreakStream(watchGroups, 0, codes.Unavailable, "gone")
		_, err := c.watch(short(t), t, s, token)
		wantConnectCode(t, "BreakStream", err, connectgo.CodeUnavailable)
		s.Script().Delay(listProjects, time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		wantConnectCode(t, "Delay past the deadline", c.list(ctx, s, token), connectgo.CodeDeadlineExceeded)
		s.Script().Reset()
		wantConnectCode(t, "after Reset", c.list(short(t), s, token), 0)
	})
}

// A token that is revoked while a call waits ends the call, before any message.
func TestRevokedInTheMiddleEndsTheCallInEveryProtocol(t *testing.T) {
	t.Parallel()
	eachCaller(t, func(t *testing.T, c caller, s *mockserver.Server) {
		t.Helper()
		for name, call := range map[string]func(token string) error{
			listProjects: func(token string) error { return c.list(short(t), s, token) },
			watchGroups: func(token string) error {
				_, err := c.watch(short(t), t, s, token)
				return err
			},
		} {
			token, hold, ended := fetchToken(t, s), s.Script().Hold(name), make(chan error, 1)
			go func() { ended <- call(token) }()
			<-hold.Arrived()
			s.Script().RevokeTokens()
			hold.Release()
			wantConnectCode(t, name, <-ended, connectgo.CodeUnauthenticated)
		}
	})
}

// The caller goes away while the server holds its call: the server notices.
func TestCancelledCallEndsOnTheServerInEveryProtocol(t *testing.T) {
	t.Parallel()
	eachCaller(t, func(t *testing.T, c caller, s *mockserver.Server) {
		t.Helper()
		token, hold := fetchToken(t, s), s.Script().Hold(listProjects)
		ctx, cancel := context.WithCancel(short(t))
		ended := make(chan error, 1)
		s.ResetRequests()
		go func() { ended <- c.list(ctx, s, token) }()
		<-hold.Arrived()
		cancel()
		wantConnectCode(t, "the client", <-ended, connectgo.CodeCanceled)
		for !s.Requests()[0].Done {
			time.Sleep(time.Millisecond)
		}
		if got := s.Requests()[0]; got.Code != codes.Canceled {
			t.Errorf("the server ended it with %v", got.Code)
		}
	})
}

func TestBareHTTPAnswersAreTheSameInEveryProtocol(t *testing.T) {
	t.Parallel()
	eachCaller(t, func(t *testing.T, c caller, s *mockserver.Server) {
		t.Helper()
		token := fetchToken(t, s)
		for status, want := range map[int]connectgo.Code{401: connectgo.CodeUnauthenticated, 403: connectgo.CodePermissionDenied, 503: connectgo.CodeUnavailable} {
			for name, call := range map[string]func() error{
				"unary": func() error { return c.list(short(t), s, token) },
				"stream": func() error {
					_, err := c.watch(short(t), t, s, token)
					return err
				},
			} {
				if err := s.Script().AnswerHTTP("*", 1, mockserver.HTTPAnswer{Status: status, Body: "<html>"}); err != nil {
					t.Fatal(err)
				}
				s.ResetRequests()
				wantConnectCode(t, name, call(), want)
				if got := s.Requests(); len(got) != 1 || got[0].HTTPStatus != status || got[0].Protocol != c.protocol {
					t.Errorf("%s, %d: %+v", name, status, got)
				}
			}
		}
		if err := s.Script().AnswerRejections(&mockserver.HTTPAnswer{Status: http.StatusForbidden}); err != nil {
			t.Fatal(err)
		}
		wantConnectCode(t, "AnswerRejections, no token", c.list(short(t), s, ""), connectgo.CodePermissionDenied)
		wantConnectCode(t, "AnswerRejections, a token", c.list(short(t), s, token), 0)
		s.Script().SetProxyToken("door")
		s.ResetRequests()
		if err := c.list(short(t), s, token); err == nil || s.Requests()[0].HTTPStatus != http.StatusProxyAuthRequired {
			t.Errorf("past the proxy: %v, %+v", err, s.Requests())
		}
	})
}

func TestUnknownMethodsAreLoggedByTheFront(t *testing.T) {
	t.Parallel()
	eachCaller(t, func(t *testing.T, c caller, s *mockserver.Server) {
		t.Helper()
		const method = "/flyteidl2.later.LaterService/Get"
		client := connectgo.NewClient[projectpb.ListProjectsRequest, projectpb.ListProjectsResponse](c.http, base(s)+method, c.options...)
		_, err := client.CallUnary(short(t), connectgo.NewRequest(&projectpb.ListProjectsRequest{}))
		wantConnectCode(t, method, err, connectgo.CodeUnimplemented)
		got := s.Requests()
		if len(got) != 1 || got[0].Method != method || got[0].Code != codes.Unimplemented || got[0].Protocol != c.protocol || !got[0].Done {
			t.Errorf("logged %+v", got)
		}
	})
}

func TestUnaryGETServesMethodsWithoutSideEffects(t *testing.T) {
	t.Parallel()
	for _, options := range [][]connectgo.ClientOption{nil, {connectgo.WithProtoJSON()}, {connectgo.WithSendGzip()}} {
		for _, http1 := range []bool{false, true} {
			s := mocktest.New(t, mockserver.WithHTTPFront(), mockserver.WithProject("demo"))
			used := ""
			c := caller{http1: http1}
			transport := c.client(t, s).Transport
			spy := roundTripper(func(r *http.Request) (*http.Response, error) { used = r.Method; return transport.RoundTrip(r) })
			client := connectgo.NewClient[projectpb.GetProjectRequest, projectpb.GetProjectResponse](
				&http.Client{Transport: spy}, base(s)+"/flyteidl2.project.ProjectService/GetProject",
				append(options, connectgo.WithHTTPGet(), connectgo.WithIdempotency(connectgo.IdempotencyNoSideEffects))...)
			for id, want := range map[string]connectgo.Code{"demo": 0, "other": connectgo.CodeNotFound} {
				req := connectgo.NewRequest(&projectpb.GetProjectRequest{Id: id})
				authorize(req.Header(), fetchToken(t, s))
				resp, err := client.CallUnary(short(t), req)
				wantConnectCode(t, id, err, want)
				if used != http.MethodGet || err == nil && resp.Msg.GetProject().GetId() != id {
					t.Errorf("%s by %s: %v", id, used, resp)
				}
			}
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestOriginsAreAllowedForFlytesServicesOnly(t *testing.T) {
	t.Parallel()
	const page = "http://localhost:5173"
	s := mocktest.New(t, mockserver.WithHTTPFront(), mockserver.WithAllowedOrigins(page))
	c := caller{http1: true}
	for path, want := range map[string]bool{
		listProjects: true,
		"/flyteidl2.auth.AuthMetadataService/GetOAuth2Metadata": true,
		"/flyteidl.service.AdminService/ListProjects":           true,
		"/flyteidl2.later.LaterService/Get":                     true,
		"/grpc.health.v1.Health/Check":                          false,
		"/jetway.mock.v1.ControlService/Reset":                  false,
		"/oauth2/token":                                         false,
		"/oauth2/authorize":                                     false,
		"/.well-known/openid-configuration":                     false,
		"/objects/a/b":                                          false,
		"/":                                                     false,
	} {
		for _, method := range []string{http.MethodOptions, http.MethodPost, http.MethodGet} {
			r, err := http.NewRequestWithContext(short(t), method, base(s)+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Header = http.Header{
				"Origin": {page}, "Content-Type": {"application/json"}, "Access-Control-Request-Method": {"POST"},
			}
			resp, err := c.client(t, s).Transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			got := resp.Header.Get("Access-Control-Allow-Origin") == page
			if want = want && (method != http.MethodGet || path != "/flyteidl2.later.LaterService/Get"); got != want {
				t.Errorf("%s %s: allowed %t", method, path, got)
			}
		}
	}
}

func TestOriginsNeedTheFrontAndMustBeOrigins(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]mockserver.Option{
		"no front":  {mockserver.WithAllowedOrigins("http://localhost:1")},
		"no origin": {mockserver.WithHTTPFront(), mockserver.WithAllowedOrigins("*")},
	} {
		s, err := mockserver.New(options...)
		if _, ok := errors.AsType[*mockserver.Error](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
		if s != nil {
			_ = s.Close()
		}
	}
}
