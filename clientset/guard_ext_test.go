package clientset_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/interceptors"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/platform"
)

// far is a name beyond this machine that nevertheless leads to the mock.
const far = "passthrough:///flyte.example.com:80"

func leadTo(s *mockserver.Server) clientset.Option {
	return clientset.WithDialOptions(grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", s.Endpoint())
	}))
}

func TestPlaintextGuard(t *testing.T) {
	t.Parallel()
	login := func(s *mockserver.Server) auth.Flow {
		return flow.ClientCredentials{ClientID: s.ClientID(), Secret: flow.SecretValue(s.ClientSecret())}
	}

	t.Run("refuses calls, streams and Login, and starts no login", func(t *testing.T) {
		t.Parallel()
		s := quiet(t)
		cs := made(t)(clientset.ForEndpoint(far, clientset.WithInsecure(), leadTo(s), clientset.WithFlow(login(s))))
		stream, streamErr := cs.Run().WatchRuns(soon(t), &workflowpb.WatchRunsRequest{})
		if streamErr == nil {
			_, streamErr = stream.Recv()
		}
		for what, err := range map[string]error{
			"a call":   list(t.Context(), cs),
			"a stream": streamErr,
			"Login":    cs.Login(t.Context()),
			"a call with credentials of its own": list(interceptors.WithCallCredentials(t.Context(),
				metadata.Pairs("authorization", "Bearer mine")), cs),
		} {
			var own *clientset.Error
			if !errors.Is(err, clientset.ErrPlaintext) || !errors.As(err, &own) || status.Code(err) != codes.FailedPrecondition {
				t.Errorf("%s: %v, want ErrPlaintext as FailedPrecondition", what, err)
			}
			if err != nil && !strings.Contains(err.Error(), "WithPlaintextCredentials") {
				t.Errorf("%s: %v does not name the option", what, err)
			}
		}
		if n := len(s.Requests()); n != 0 {
			t.Errorf("%d requests arrived, want none", n)
		}
	})

	t.Run("calls a server that wants no token", func(t *testing.T) {
		t.Parallel()
		s := quiet(t, mockserver.WithoutLogin())
		cs := made(t)(clientset.ForEndpoint(far, clientset.WithInsecure(), leadTo(s), clientset.WithoutStore()))
		if err := list(t.Context(), cs); err != nil {
			t.Error(err)
		}
	})

	t.Run("explains the rejection of a bare call", func(t *testing.T) {
		t.Parallel()
		s := quiet(t)
		cs := made(t)(clientset.ForEndpoint(far, clientset.WithInsecure(), leadTo(s), clientset.WithoutStore(),
			clientset.WithCredentials(&auth.Credentials{AccessToken: "secret"})))
		err := list(t.Context(), cs)
		if !errors.Is(err, clientset.ErrPlaintext) || status.Code(err) != codes.Unauthenticated {
			t.Errorf("%v, want ErrPlaintext as Unauthenticated", err)
		}
		stream, err := cs.Run().WatchRuns(soon(t), &workflowpb.WatchRunsRequest{})
		if err == nil {
			_, err = stream.Recv()
		}
		if !errors.Is(err, clientset.ErrPlaintext) {
			t.Errorf("stream: %v, want ErrPlaintext", err)
		}
		for _, r := range s.Requests() {
			if r.Authorizations != 0 {
				t.Errorf("%s carried a token", r.Method)
			}
		}
	})

	for name, opts := range map[string]struct {
		endpoint string
		opts     func(s *mockserver.Server) []clientset.Option
	}{
		"WithPlaintextCredentials": {far, func(s *mockserver.Server) []clientset.Option {
			return []clientset.Option{clientset.WithInsecure(), clientset.WithPlaintextCredentials(), leadTo(s)}
		}},
		"loopback": {"", func(*mockserver.Server) []clientset.Option { return []clientset.Option{clientset.WithInsecure()} }},
	} {
		t.Run("lets pass: "+name, func(t *testing.T) {
			t.Parallel()
			s := quiet(t)
			endpoint := opts.endpoint
			if endpoint == "" {
				endpoint = s.Endpoint()
			}
			cs := made(t)(clientset.ForEndpoint(endpoint, append(opts.opts(s), clientset.WithFlow(login(s)))...))
			if err := list(t.Context(), cs); err != nil {
				t.Error(err)
			}
		})
	}

	t.Run("lets pass: the target's documented default", func(t *testing.T) {
		t.Parallel()
		s := quiet(t)
		target := platform.Target{Endpoint: far, Flow: login(s), PlaintextCredentials: true}
		cs := made(t)(clientset.For(t.Context(), resolved(target), clientset.WithInsecure(), leadTo(s)))
		if err := list(t.Context(), cs); err != nil {
			t.Error(err)
		}
	})
}
