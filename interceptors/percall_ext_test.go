package interceptors_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors"
)

// givenPairs are credentials that a caller gives as an option of a call.
type givenPairs map[string]string

func (g givenPairs) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return g, nil
}

func (givenPairs) RequireTransportSecurity() bool { return false }

// Credentials that a caller gives by gRPC's own option are the call's own, as those of
// WithCallCredentials: one value goes out, the source is not asked, and a rejection is
// returned as it is. Those for another header are sent together with the source's, which is
// told what the server makes of its own.
func TestPerRPCCredentialsOfACallAreItsOwn(t *testing.T) {
	t.Parallel()
	type call = func(context.Context, testpb.TestServiceClient, ...grpc.CallOption) error
	shapes := map[string]call{
		"unary": func(ctx context.Context, tc testpb.TestServiceClient, opts ...grpc.CallOption) error {
			_, err := tc.UnaryCall(ctx, &testpb.SimpleRequest{}, opts...)
			return err
		},
		"stream": func(ctx context.Context, tc testpb.TestServiceClient, opts ...grpc.CallOption) error {
			s, err := tc.StreamingOutputCall(ctx, outputRequest("x", 1), opts...)
			if err == nil {
				_, err = s.Recv()
			}
			return err
		},
	}
	for name, tt := range map[string]struct {
		given givenPairs
		ctx   func(context.Context) context.Context
		sent  []string // authorization, of every attempt
		asked int
		want  codes.Code
		taken []string // that the source is told of
	}{
		"accepted":                   {given: givenPairs{"Authorization": "Bearer token-1"}, sent: []string{"Bearer token-1"}},
		"rejected":                   {given: givenPairs{authKey: "Bearer mine"}, sent: []string{"Bearer mine"}, want: codes.Unauthenticated},
		"for another header":         {given: givenPairs{"x-key": "mine"}, sent: []string{"Bearer token-0", "Bearer token-1"}, asked: 1, taken: []string{"token-1"}},
		"instead of caller metadata": {given: givenPairs{authKey: "Bearer token-1"}, ctx: withHeader, sent: []string{"Bearer token-1"}},
	} {
		for shape, call := range shapes {
			t.Run(name+"/"+shape, func(t *testing.T) {
				t.Parallel()
				b, src := newBackend(), &observer{source: newSource()}
				tc := testpb.NewTestServiceClient(dial(t, serveGRPC(t, b.gatedGRPCServer()),
					grpc.WithChainUnaryInterceptor(interceptors.UnaryClientAuth(src)),
					grpc.WithChainStreamInterceptor(interceptors.StreamClientAuth(src))))
				ctx := t.Context()
				if tt.ctx != nil {
					ctx = tt.ctx(ctx)
				}
				if err := call(ctx, tc, grpc.PerRPCCredentials(tt.given)); status.Code(err) != tt.want {
					t.Errorf("%v, want %v", err, tt.want)
				}
				var sent []string
				for _, md := range b.attempts() {
					sent = append(sent, md[authKey]...)
				}
				if !slices.Equal(sent, tt.sent) || src.asked != tt.asked {
					t.Errorf("sent %q after asking the source %d times, want %q and %d", sent, src.asked, tt.sent, tt.asked)
				}
				if taken, refused := src.told(); !slices.Equal(taken, tt.taken) || len(refused) > 0 {
					t.Errorf("the source was told that the server took %q and refused %q", taken, refused)
				}
			})
		}
	}
}

// Two values for one header would be refused by servers, each in its own way.
func TestPerRPCRefusesACallThatHasItsHeader(t *testing.T) {
	t.Parallel()
	b, src := newBackend(), newSource()
	for name, opt := range map[string]grpc.DialOption{
		"of the interceptor": grpc.WithChainUnaryInterceptor(interceptors.UnaryClientAuth(newSource())),
		"of the caller": grpc.WithChainUnaryInterceptor(func(
			ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
		) error {
			return invoker(metadata.AppendToOutgoingContext(ctx, authKey, "Bearer mine"), method, req, reply, cc, opts...)
		}),
	} {
		tc := testpb.NewTestServiceClient(dial(t, serveGRPC(t, b.gatedGRPCServer()), opt,
			grpc.WithPerRPCCredentials(interceptors.PerRPC(src, interceptors.WithPlaintext()))))
		_, err := tc.UnaryCall(t.Context(), &testpb.SimpleRequest{})
		if status.Code(err) != codes.Unauthenticated || len(b.attempts()) > 0 {
			t.Errorf("%s: %v after %d attempts, want a refusal before the first", name, err, len(b.attempts()))
		}
	}
}

// Each attempt of a retry carries the credentials that the source has by then.
func TestRetryBesidePerRPCCredentialsGetsCurrentOnes(t *testing.T) {
	t.Parallel()
	src := newSource()
	i := interceptors.UnaryClientAuth(src, interceptors.WithRetry(retry.UnaryClientInterceptor(
		retry.WithMax(3), retry.WithBackoff(retry.BackoffLinear(time.Microsecond)), retry.WithCodes(codes.Unavailable))))
	var sent []string
	attempt := func(ctx context.Context, _ string, _, _ any, _ *grpc.ClientConn, opts ...grpc.CallOption) error {
		for _, o := range opts {
			if given, ok := o.(grpc.PerRPCCredsCallOption); ok {
				pairs, err := given.Creds.GetRequestMetadata(ctx)
				if err != nil {
					return err
				}
				sent = append(sent, pairs[authKey])
			}
		}
		if len(sent) > 1 {
			return nil
		}
		src.now = &auth.Credentials{AccessToken: "later"}
		return status.Error(codes.Unavailable, "down")
	}
	err := i(t.Context(), method, nil, nil, nil, attempt, grpc.PerRPCCredentials(givenPairs{"x-key": "mine"}))
	if want := []string{"Bearer token-0", "Bearer later"}; err != nil || !slices.Equal(sent, want) {
		t.Errorf("%v after sending %q, want %q", err, sent, want)
	}
}
