package clientset_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	artifactpb "github.com/jetway-go/jetway/gen/flyteidl2/artifact"
	imagebuilderpb "github.com/jetway-go/jetway/gen/flyteidl2/imagebuilder"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// answering is a client of a server that answers over HTTP/2 by h.
func answering(t *testing.T, h http.HandlerFunc) (*clientset.ClientSet, error) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return clientset.ForEndpoint(strings.TrimPrefix(server.URL, "https://"), clientset.WithInsecureSkipVerify(), clientset.WithoutAuth())
}

// answeringStatus answers with an HTTP status and nothing else.
func answeringStatus(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// withoutTrailers answers as what comes through a load balancer that speaks HTTP/1.1 to
// the backend.
func withoutTrailers(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/grpc")
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
}

// unserving is a client of a gRPC server without services, which takes small headers only.
func unserving(t *testing.T, opts ...clientset.Option) (*clientset.ClientSet, error) {
	t.Helper()
	l := listening(t)
	server := grpc.NewServer(grpc.MaxHeaderListSize(2000))
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return clientset.ForEndpoint("http://"+l.Addr().String(), opts...)
}

func refusingProxy(t *testing.T) string {
	t.Helper()
	front := httptest.NewServer(answeringStatus(http.StatusProxyAuthRequired))
	t.Cleanup(front.Close)
	return front.URL
}

// wireSituations are those between client and backend.
func wireSituations() map[string]situation {
	return map[string]situation{
		"wants a user and a password": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint("flyte.example.com", clientset.WithProxyURL(refusingProxy(t)), clientset.WithoutAuth())
		}),
		"a proxy in front of the backend wants a login": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return answering(t, answeringStatus(http.StatusProxyAuthRequired))
		}),
		"in front of the backend speaks HTTP/1.1 to it": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return answering(t, withoutTrailers)
		}),
		"larger than the server takes": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return unserving(t, clientset.WithFlow(flow.StaticToken(strings.Repeat("x", 3000))))
		}),
		"do not serve this service: DataProxy.TailLogs": func(t *testing.T) error {
			service := made(t)(unserving(t, clientset.WithoutAuth())).Logs()
			logs, err := service.TailLogs(soon(t), &workflowpb.TailLogsRequest{}) //nolint:staticcheck // deprecated, which is why
			if err == nil {
				_, err = logs.Recv()
			}
			return err
		},
		"serves apps, and most of these calls, only if": func(t *testing.T) error {
			cs := made(t)(unserving(t, clientset.WithoutAuth()))
			_, err := apppb.NewAppServiceClient(cs).Get(soon(t), &apppb.GetRequest{})
			return err
		},
		"hosted backends of Flyte 2 serve this service": func(t *testing.T) error {
			cs := made(t)(unserving(t, clientset.WithoutAuth()))
			_, artifact := artifactpb.NewArtifactServiceClient(cs).GetArtifact(soon(t), &artifactpb.GetArtifactRequest{})
			_, image := imagebuilderpb.NewImageServiceClient(cs).GetImage(soon(t), &imagebuilderpb.GetImageRequest{})
			_, run := workflowpb.NewTrackedRunServiceClient(cs).AbortRun(soon(t), &workflowpb.AbortRunRequest{})
			for _, err := range []error{artifact, image} {
				if err == nil || !strings.Contains(err.Error(), "hosted backends of Flyte 2 serve this service") {
					t.Errorf("got %v, want the same advice for every such service", err)
				}
			}
			return run
		},
		"the backend does not serve": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return unserving(t, clientset.WithoutAuth())
		}),
		"is up, but no answer came": hurried("no answer came", func(t *testing.T) (*clientset.ClientSet, error) {
			return answering(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		}),
	}
}

// The same trouble in other guises has the same advice.
func TestAdviceForWhatIsMetOnTheWay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		client func(t *testing.T) (*clientset.ClientSet, error)
		code   codes.Code
		want   string
	}{
		"a proxy before the authorization server": {func(t *testing.T) (*clientset.ClientSet, error) {
			s := quiet(t)
			return at(s, machine(s, secretOf(s)), clientset.WithProxyURL(refusingProxy(t)), tokensAt("https://login.example.com"))
		}, codes.FailedPrecondition, "wants a user and a password"},
		"a certificate without IP SAN there": {func(t *testing.T) (*clientset.ClientSet, error) {
			s := quiet(t)
			l, ca := secure(t, func(*tls.Config, authority) {})
			return at(s, machine(s, secretOf(s)), clientset.WithInsecure(), clientset.WithCAFile(ca), tokensAt("https://"+l.Addr().String()))
		}, codes.FailedPrecondition, "check the URL: the certificate of 127.0.0.1 is for another name, or for names alone"},
		"a web server that speaks HTTP/1.0": {func(t *testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint("http://"+greeting(t, "HTTP/1.0 400 Bad Request\r\n\r\n"), clientset.WithoutAuth())
		}, codes.FailedPrecondition, "a web server answers there, not gRPC"},
		"a load balancer that wants HTTP/1.1 behind it": {func(t *testing.T) (*clientset.ClientSet, error) {
			return answering(t, answeringStatus(464))
		}, codes.Unknown, "in front of the backend speaks HTTP/1.1 to it"},
		"a proxy's limit of headers": {func(t *testing.T) (*clientset.ClientSet, error) {
			return answering(t, answeringStatus(http.StatusRequestHeaderFieldsTooLarge))
		}, codes.Unknown, "larger than the server takes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := list(t.Context(), made(t)(tt.client(t)))
			if status.Code(err) != tt.code || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v (%v), want %v and %q", err, status.Code(err), tt.code, tt.want)
			}
		})
	}
}

// What arrived before on a stream was an answer.
func TestStreamThatHadAnswersIsNotSaidToHaveNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := bufconn.Listen(1 << 20)
		server := grpc.NewServer(grpc.WaitForHandlers(true))
		workflowpb.RegisterRunServiceServer(server, slowRuns{pause: 10 * time.Second})
		go func() { _ = server.Serve(l) }()
		t.Cleanup(server.Stop)
		cs := made(t)(clientset.ForEndpoint("passthrough:///backend", clientset.WithInsecure(), clientset.WithoutAuth(),
			clientset.WithDialOptions(grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))))
		for limit, silent := range map[time.Duration]bool{5 * time.Second: true, 15 * time.Second: false} {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			runs, err := cs.Run().WatchRuns(ctx, &workflowpb.WatchRunsRequest{})
			for err == nil {
				_, err = runs.Recv()
			}
			if status.Code(err) != codes.DeadlineExceeded || strings.Contains(err.Error(), "no answer came") != silent {
				t.Errorf("after %v: %v, want the advice for silence: %t", limit, err, silent)
			}
			cancel()
		}
	})
}

// greeting is a server that answers whatever comes with a text, and ends.
func greeting(t *testing.T, text string) string {
	t.Helper()
	l := listening(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1024))
			_, _ = conn.Write([]byte(text))
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

// slowRuns takes a while before each of its two messages.
type slowRuns struct {
	workflowpb.UnimplementedRunServiceServer

	pause time.Duration
}

func (s slowRuns) WatchRuns(_ *workflowpb.WatchRunsRequest, to grpc.ServerStreamingServer[workflowpb.WatchRunsResponse]) error {
	for range 2 {
		select {
		case <-time.After(s.pause):
		case <-to.Context().Done():
			time.Sleep(time.Millisecond) // so that the client's own deadline comes first
			return to.Context().Err()
		}
		if err := to.Send(&workflowpb.WatchRunsResponse{}); err != nil {
			return err
		}
	}
	return nil
}
