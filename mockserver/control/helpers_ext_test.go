package control_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/control"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

const (
	secret       = "canary-of-the-control-service"
	listProjects = "/flyteidl2.project.ProjectService/ListProjects"
	watchRuns    = "/flyteidl2.workflow.RunService/WatchRuns"
)

// fixture is a mock on a real port, its control service over one connection and the
// backend's services over another.
type fixture struct {
	server  *mockserver.Server
	control mockpb.ControlServiceClient
	backend *grpc.ClientConn
}

func start(t *testing.T, options ...mockserver.Option) fixture {
	t.Helper()
	server := mocktest.New(t, append([]mockserver.Option{control.Enable(secret), mockserver.WithProject("demo")}, options...)...)
	return fixture{server, mockpb.NewControlServiceClient(dial(t, server)), dial(t, server)}
}

func dial(t *testing.T, s *mockserver.Server) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(s.Endpoint(), grpc.WithTransportCredentials(s.TransportCredentials()), s.DialOption())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// with is a context with the control secret, and a time limit for what would hang.
func with(t *testing.T) context.Context {
	t.Helper()
	return metadata.AppendToOutgoingContext(short(t), control.SecretKey, secret)
}

func short(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// ok fails the test if an operation of the service does.
func ok[M any](t *testing.T) func(M, error) M {
	t.Helper()
	return func(m M, err error) M {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
}

// login is a context with a new token.
func (f fixture) login(t *testing.T) context.Context {
	t.Helper()
	token := ok[*mockpb.IssueTokenResponse](t)(f.control.IssueToken(with(t), &mockpb.IssueTokenRequest{Subject: "ada", Scopes: []string{"all"}}))
	return bearer(short(t), token.GetAccessToken())
}

func bearer(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

func (f fixture) list(ctx context.Context) error {
	_, err := projectpb.NewProjectServiceClient(f.backend).ListProjects(ctx, &projectpb.ListProjectsRequest{})
	return err
}

func (f fixture) watch(ctx context.Context) (grpc.ServerStreamingClient[workflowpb.WatchRunsResponse], error) {
	return workflowpb.NewRunServiceClient(f.backend).WatchRuns(ctx, &workflowpb.WatchRunsRequest{
		Target: &workflowpb.WatchRunsRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "demo", Domain: "development"}},
	})
}

// askToken posts to the token endpoint and returns status and body.
func (f fixture) askToken(t *testing.T, pairs ...string) (int, string) {
	t.Helper()
	return f.post(t, f.server.TokenURL(), append([]string{"grant_type", "client_credentials"}, pairs...)...)
}

func (f fixture) post(t *testing.T, address string, pairs ...string) (int, string) {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(short(t), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if form.Get("client_id") == "" {
		r.SetBasicAuth(f.server.ClientID(), f.server.ClientSecret())
	}
	resp, err := f.server.HTTPClient().Transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("got %v (%v), want %v", got, err, want)
	}
}

// wantRefusal checks the code, the reason and a part of the text of a refusal.
func wantRefusal(t *testing.T, err error, code codes.Code, reason, says string) {
	t.Helper()
	st := status.Convert(err)
	got := ""
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.GetDomain() == control.Domain {
			got = info.GetReason()
		}
	}
	if st.Code() != code || got != reason || !strings.Contains(st.Message(), says) {
		t.Errorf("got %v %q %q, want %v %q %q", st.Code(), got, st.Message(), code, reason, says)
	}
}
