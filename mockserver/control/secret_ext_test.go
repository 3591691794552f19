package control_test

import (
	"bytes"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/control"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

// Every method of the service is tried, so that a new one cannot be forgotten.
func TestEveryMethodNeedsTheSecret(t *testing.T) {
	t.Parallel()
	f := start(t)
	conn := dial(t, f.server)
	methods := mockpb.File_jetway_mock_v1_control_service_proto.Services().ByName("ControlService").Methods()
	for i := range methods.Len() {
		m := methods.Get(i)
		for name, tt := range map[string]struct {
			pairs        []string
			reason, says string
		}{
			"none":          {nil, control.ReasonMissingSecret, control.SecretKey},
			"another":       {[]string{control.SecretKey, "canary-of-another-service"}, control.ReasonWrongSecret, "not the secret"},
			"a part":        {[]string{control.SecretKey, secret[:12]}, control.ReasonWrongSecret, "not the secret"},
			"empty":         {[]string{control.SecretKey, ""}, control.ReasonWrongSecret, "not the secret"},
			"two":           {[]string{control.SecretKey, secret, control.SecretKey, secret}, control.ReasonWrongSecret, "not the secret"},
			"a valid login": {[]string{"authorization", "Bearer " + issue(t, f)}, control.ReasonMissingSecret, control.SecretKey},
		} {
			err := call(t, conn, m, tt.pairs...)
			if t.Failed() || err == nil {
				t.Fatalf("%s with %s: %v", m.Name(), name, err)
			}
			wantRefusal(t, err, codes.Unauthenticated, tt.reason, tt.says)
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("%s with %s repeats what was presented: %v", m.Name(), name, err)
			}
		}
	}
}

func issue(t *testing.T, f fixture) string {
	t.Helper()
	return ok[*mockpb.IssueTokenResponse](t)(f.control.IssueToken(with(t), &mockpb.IssueTokenRequest{Scopes: []string{"all"}})).GetAccessToken()
}

// call makes a call with an empty request.
func call(t *testing.T, conn *grpc.ClientConn, m protoreflect.MethodDescriptor, pairs ...string) error {
	t.Helper()
	ctx := metadata.AppendToOutgoingContext(short(t), pairs...)
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/"+string(m.Parent().FullName())+"/"+string(m.Name()))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(stream.SendMsg(dynamicpb.NewMessage(m.Input())), stream.CloseSend()); err != nil {
		t.Fatal(err)
	}
	return stream.RecvMsg(dynamicpb.NewMessage(m.Output()))
}

func TestTheServiceIsForThisMachineOnly(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]mockserver.Option{
		"calls from elsewhere":         {mockserver.WithAddress("0.0.0.0:0")},
		"calls from elsewhere, IPv6":   {mockserver.WithAddress("[::]:0")},
		"every address":                {mockserver.WithAddress(":0")},
		"requests from elsewhere":      {mockserver.WithHTTPAddress("0.0.0.0:0")},
		"a socket, and from elsewhere": {mockserver.WithUnixSocket(filepath.Join(t.TempDir(), "s")), mockserver.WithHTTPAddress(":0")},
	} {
		server, err := mockserver.New(append(options, control.Enable(secret))...)
		if of := new(mockserver.Error); !errors.Is(err, control.ErrNotLoopback) || !errors.As(err, &of) || !strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%s: %v", name, err)
		}
		if server != nil {
			t.Errorf("%s: it started: %v", name, server.Close())
		}
	}
	for name, options := range map[string][]mockserver.Option{
		"loopback": nil,
		"TLS":      {mockserver.WithTLS()},
		"a name":   {mockserver.WithAddress("localhost:0")},
		"a socket": {mockserver.WithUnixSocket(filepath.Join(t.TempDir(), "s"))},
		"memory":   {mockserver.WithInMemory()},
		"a front":  {mockserver.WithHTTPFront()},
	} {
		f := start(t, options...)
		if _, err := f.control.Reset(with(t), &mockpb.ResetRequest{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestShortSecretsAreRefused(t *testing.T) {
	t.Parallel()
	for _, weak := range []string{"", "short", strings.Repeat("x", control.MinSecret-1)} {
		if _, err := mockserver.New(control.Enable(weak)); !errors.Is(err, control.ErrWeakSecret) || !strings.Contains(err.Error(), "rand.Text") {
			t.Errorf("%d characters: %v", len(weak), err)
		}
	}
}

func TestWithoutTheOptionThereIsNoService(t *testing.T) {
	t.Parallel()
	_, err := mockpb.NewControlServiceClient(dial(t, mocktest.New(t))).Reset(with(t), &mockpb.ResetRequest{})
	wantCode(t, err, codes.Unimplemented)
}

// The secret is neither in what the server logs nor in what it reports, wherever a client
// sends it.
func TestTheSecretIsInNoLog(t *testing.T) {
	t.Parallel()
	var log syncBuffer
	f := start(t, mockserver.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	ctx := metadata.AppendToOutgoingContext(f.login(t), "x-note", "it is "+secret, control.SecretKey, secret)
	wantCode(t, f.list(ctx), codes.OK)
	f.askToken(t, "scope", secret)
	list := ok[*mockpb.ListRequestsResponse](t)(f.control.ListRequests(with(t), &mockpb.ListRequestsRequest{}))
	if len(list.GetRequests()) != 2 || strings.Contains(list.String(), "canary") || !strings.Contains(list.String(), "redacted") {
		t.Errorf("it reports %v", list)
	}
	if text := log.String(); strings.Contains(text, "canary") || !strings.Contains(text, "ListRequests") {
		t.Errorf("the log: %s", text)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Neither the login, nor the proxy, nor a fault stands in the way of the service.
func TestNothingHitsTheServiceItself(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]mockserver.Option{
		"native": {mockserver.WithProxyAuth("canary-of-the-proxy")},
		"front":  {mockserver.WithProxyAuth("canary-of-the-proxy"), mockserver.WithHTTPFront()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, options...)
			script := f.server.Script()
			script.RejectNext(1)
			script.FailNext("*", 1, codes.Unavailable, "")
			script.BreakStream("*", 0, codes.Unavailable, "")
			script.Hold("*")
			if name == "front" {
				if err := errors.Join(
					script.AnswerHTTP("*", 1, mockserver.HTTPAnswer{}), script.AnswerRejections(&mockserver.HTTPAnswer{}),
				); err != nil {
					t.Fatal(err)
				}
			}
			list := ok[*mockpb.ListRequestsResponse](t)(f.control.ListRequests(with(t), &mockpb.ListRequestsRequest{}))
			if len(list.GetRequests()) > 0 {
				t.Errorf("it reports its own calls: %v", list)
			}
			_, err := f.control.FailCalls(with(t), &mockpb.FailCallsRequest{Method: "/jetway.mock.v1.ControlService/*", Code: mockpb.Code_CODE_ABORTED})
			wantRefusal(t, err, codes.InvalidArgument, control.ReasonUnknownMethod, "did you mean")
		})
	}
}
