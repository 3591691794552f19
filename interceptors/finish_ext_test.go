package interceptors_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors"
)

// ends records the arguments of OnFinish; gRPC may call it from a goroutine of its own.
type ends struct {
	mu   sync.Mutex
	errs []error
}

func (e *ends) option() grpc.CallOption {
	return grpc.OnFinish(func(err error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.errs = append(e.errs, err)
	})
}

func (e *ends) all() []error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.errs
}

// A program's OnFinish callback may release something, so it runs once, with the
// call's final error, however many attempts were made.
func TestOnFinishRunsOncePerCall(t *testing.T) {
	t.Parallel()
	drain := func(s testpb.TestService_StreamingOutputCallClient, err error) error {
		for err == nil {
			_, err = s.Recv()
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
	calls := map[string]func(context.Context, testpb.TestServiceClient, grpc.CallOption) error{
		"unary": func(ctx context.Context, tc testpb.TestServiceClient, o grpc.CallOption) error {
			_, err := tc.UnaryCall(ctx, &testpb.SimpleRequest{}, o)
			return err
		},
		"stream": func(ctx context.Context, tc testpb.TestServiceClient, o grpc.CallOption) error {
			return drain(tc.StreamingOutputCall(ctx, outputRequest("x", 1), o))
		},
		"stream, Header first": func(ctx context.Context, tc testpb.TestServiceClient, o grpc.CallOption) error {
			s, err := tc.StreamingOutputCall(ctx, outputRequest("x", 1), o)
			if err == nil {
				_, err = s.Header()
			}
			return drain(s, err)
		},
	}
	for name, tt := range map[string]struct {
		good       string
		refreshErr error
		sourceErr  error
		canceled   bool
		want       codes.Code
	}{
		"accepted":               {good: "Bearer token-0"},
		"rejected once":          {good: "Bearer token-1"},
		"rejected twice":         {good: "Bearer token-2", want: codes.Unauthenticated},
		"cannot be refreshed":    {good: "Bearer token-1", refreshErr: &auth.Error{Op: "renew", Err: errors.New("down")}, want: codes.Unavailable},
		"has no credentials":     {sourceErr: auth.ErrInteractionRequired, want: codes.Unauthenticated},
		"canceled beforehand":    {good: "Bearer token-1", canceled: true, want: codes.Canceled},
		"canceled, with no gate": {good: "Bearer token-0", canceled: true, want: codes.Canceled},
	} {
		for shape, call := range calls {
			t.Run(name+"/"+shape, func(t *testing.T) {
				t.Parallel()
				b, src := newBackend(), newSource()
				b.good, src.refreshErr, src.credentialsErr = tt.good, tt.refreshErr, tt.sourceErr
				tc := testpb.NewTestServiceClient(dial(t, serveGRPC(t, b.gatedGRPCServer()),
					grpc.WithChainUnaryInterceptor(interceptors.UnaryClientAuth(src)),
					grpc.WithChainStreamInterceptor(interceptors.StreamClientAuth(src))))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.canceled {
					cancel()
				}
				var finished ends

				err := call(ctx, tc, finished.option())

				if status.Code(err) != tt.want {
					t.Errorf("the call gave %v", err)
				}
				if got := finished.all(); len(got) != 1 || status.Code(got[0]) != tt.want {
					t.Errorf("finished with %v, want %v once", got, tt.want)
				}
			})
		}
	}
}

// A stream that is no longer received from ends too, also if its rejection was not
// read.
func TestOnFinishRunsOnceForAnAbandonedStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, src := newBackend(), newSource()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var finished ends
		s, err := dialGated(t, b, src).FullDuplexCall(ctx, finished.option())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(echoRequest("a")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // until the rejection is here
		if got := finished.all(); len(got) != 0 {
			t.Errorf("finished with %v before the status was received", got)
		}
		<-ctx.Done()
		synctest.Wait()
		if got := finished.all(); len(got) != 1 || status.Code(got[0]) != codes.DeadlineExceeded {
			t.Errorf("finished with %v", got)
		}
		if _, err := s.Recv(); err == nil || len(finished.all()) != 1 {
			t.Errorf("received %v, finished with %v", err, finished.all())
		}
	})
}

func TestOnFinishRunsOnceForAStreamThatDoesNotOpen(t *testing.T) {
	t.Parallel()
	var finished ends
	attempts := 0
	_, err := interceptors.StreamClientAuth(newSource())(t.Context(), &grpc.StreamDesc{ServerStreams: true}, nil, method,
		func(_ context.Context, _ *grpc.StreamDesc, _ *grpc.ClientConn, _ string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			attempts++
			for _, o := range opts {
				if o, ok := o.(grpc.OnFinishCallOption); ok {
					o.OnFinish(errRejected) // as gRPC does
				}
			}
			return nil, errRejected
		}, finished.option())
	if got := finished.all(); !errors.Is(err, errRejected) || attempts != 2 || len(got) != 1 || !errors.Is(got[0], errRejected) {
		t.Errorf("%v after %d attempts, finished with %v", err, attempts, got)
	}
}

func TestOnFinishRunsOnceAfterRetries(t *testing.T) {
	t.Parallel()
	b, src := newBackend(), newSource()
	b.onUnary = func(context.Context) error { return status.Error(codes.Unavailable, "down") }
	tc := testpb.NewTestServiceClient(dial(t, serveGRPC(t, b.gatedGRPCServer()),
		grpc.WithChainUnaryInterceptor(interceptors.UnaryClientAuth(src, interceptors.WithRetry(retry.UnaryClientInterceptor(
			retry.WithMax(3), retry.WithBackoff(retry.BackoffLinear(time.Microsecond)), retry.WithCodes(codes.Unavailable)))))))
	var finished ends
	_, err := tc.UnaryCall(t.Context(), &testpb.SimpleRequest{}, finished.option())
	if attempts, got := len(b.attempts()), finished.all(); status.Code(err) != codes.Unavailable || attempts != 4 || len(got) != 1 {
		t.Errorf("%v after %d attempts, finished with %v", err, attempts, got)
	}
}
