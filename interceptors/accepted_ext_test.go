package interceptors_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors"
)

// observer is a source that is told what servers make of its credentials.
type observer struct {
	*source

	mu       sync.Mutex
	accepted []string
	refused  []string
}

func (o *observer) Accepted(c *auth.Credentials) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.accepted = append(o.accepted, c.AccessToken)
}

func (o *observer) Refused(c *auth.Credentials) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refused = append(o.refused, c.AccessToken)
}

func (o *observer) told() (accepted, refused []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.accepted, o.refused
}

// A source is told once of each credential that a server has taken it, by an answer that
// shows so, and of a replacement that was rejected too.
func TestSourceIsToldWhatServersMakeOfItsCredentials(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answers           []error
		calls             int
		accepted, refused []string
	}{
		"success, a hundred times":        {nil, 100, []string{"token-0"}, nil},
		"a verdict of the method":         {[]error{status.Error(codes.NotFound, "no such thing")}, 1, []string{"token-0"}, nil},
		"an answer that anything makes":   {[]error{status.Error(codes.Unavailable, "down"), status.Error(codes.PermissionDenied, "403")}, 2, nil, nil},
		"a replacement that is taken":     {[]error{errRejected}, 3, []string{"token-1"}, nil},
		"a replacement that is not taken": {[]error{errRejected, errRejected}, 1, nil, []string{"token-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, proxy := range []bool{false, true} {
				told, srv := &observer{source: newSource()}, &server{}
				i := interceptors.UnaryClientAuth(told)
				if proxy {
					i = interceptors.UnaryClientAuth(nil, interceptors.WithProxySource(told))
				}
				for _, answer := range tt.answers {
					if proxy && errors.Is(answer, errRejected) {
						answer = err407
					}
					srv.answers = append(srv.answers, answer)
				}
				for range tt.calls {
					_ = srv.call(t.Context(), i)
				}
				if accepted, refused := told.told(); !slices.Equal(accepted, tt.accepted) || !slices.Equal(refused, tt.refused) {
					t.Errorf("proxy %v: accepted %v, refused %v", proxy, accepted, refused)
				}
			}
		})
	}
}

// readToEnd reads all of a stream.
func readToEnd(s grpc.ServerStreamingClient[testpb.StreamingOutputCallResponse], err error) error {
	for err == nil {
		_, err = s.Recv()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// A stream shows it with its first message, or at its end.
func TestSourceIsToldByStreams(t *testing.T) {
	t.Parallel()
	for name, messages := range map[string]int{"messages": 3, "none": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, src := newBackend(), &observer{source: newSource()}
			tc := dialGated(t, b, src)
			for range 3 {
				sizes := make([]int32, messages)
				if err := readToEnd(tc.StreamingOutputCall(t.Context(), outputRequest("x", sizes...))); err != nil {
					t.Fatal(err)
				}
			}
			if accepted, refused := src.told(); len(accepted) != 1 || accepted[0] != "token-1" || len(refused) != 0 {
				t.Errorf("accepted %v, refused %v", accepted, refused)
			}
		})
	}
}

// Telling a source costs a warm call nothing.
func TestTellingASourceAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts for the whole process
	invoker := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil }
	i := interceptors.UnaryClientAuth(&observer{source: newSource()})
	if got := testing.AllocsPerRun(runs, func() { _ = i(t.Context(), method, nil, nil, nil, invoker) }); got > 2 {
		t.Errorf("%v allocations, want at most 2", got)
	}
}

// shelf is a store with a row of logins: each of them is found once.
type shelf struct {
	mu     sync.Mutex
	logins []string
}

func (s *shelf) Store(context.Context, auth.Key, *auth.Credentials) error { return nil }
func (s *shelf) Delete(context.Context, auth.Key) error                   { return nil }

func (s *shelf) Retrieve(context.Context, auth.Key) (*auth.Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.logins) == 0 {
		return nil, auth.ErrNoCredentials
	}
	c := &auth.Credentials{AccessToken: s.logins[0]}
	s.logins = s.logins[1:]
	return c, nil
}

// minting is a flow with one token.
type minting struct{}

func (minting) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	return &auth.Credentials{AccessToken: "token-1"}, nil
}

// A replacement that was only found in the store, and is dead too, does not use up the one
// of a call: at most two of them, then the new token.
func TestReplacementFromTheStoreLeavesOneMore(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		stored []string
		want   codes.Code
	}{
		"one":   {[]string{"old", "dead-1"}, codes.OK},
		"two":   {[]string{"old", "dead-1", "dead-2"}, codes.OK},
		"three": {[]string{"old", "dead-1", "dead-2", "dead-3"}, codes.Unauthenticated},
	} {
		for shape, call := range map[string]func(context.Context, testpb.TestServiceClient) error{
			"unary": func(ctx context.Context, tc testpb.TestServiceClient) error {
				_, err := tc.UnaryCall(ctx, &testpb.SimpleRequest{})
				return err
			},
			"stream": func(ctx context.Context, tc testpb.TestServiceClient) error {
				return readToEnd(tc.StreamingOutputCall(ctx, outputRequest("x", 1)))
			},
		} {
			t.Run(name+"/"+shape, func(t *testing.T) {
				t.Parallel()
				b := newBackend()
				a := auth.New(auth.Key{}, minting{}, auth.Env{}, auth.WithStore(&shelf{logins: tt.stored}))
				t.Cleanup(func() { _ = a.Close() })
				tc := testpb.NewTestServiceClient(dial(t, serveGRPC(t, b.gatedGRPCServer()),
					grpc.WithChainUnaryInterceptor(interceptors.UnaryClientAuth(a)),
					grpc.WithChainStreamInterceptor(interceptors.StreamClientAuth(a))))
				if err := call(t.Context(), tc); status.Code(err) != tt.want {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			})
		}
	}
}

// lasting is the error of a source whose credentials have not expired.
type lasting struct{ error }

func (e lasting) Is(target error) bool       { return target == auth.ErrNotReplaced }
func (e lasting) GRPCStatus() *status.Status { return status.New(codes.Unavailable, e.Error()) }

// Credentials that have not expired and cannot be replaced: the server's verdict stands,
// with the reason why there are no others.
func TestVerdictStandsWhereNoReplacementCanBeHad(t *testing.T) {
	t.Parallel()
	src, srv := newSource(), &server{answers: []error{errRejected}}
	src.refreshErr = lasting{errors.New("renew: 503")}

	err := srv.call(t.Context(), interceptors.UnaryClientAuth(src))

	if status.Code(err) != codes.Unauthenticated || !errors.Is(err, errRejected) || !errors.Is(err, src.refreshErr) {
		t.Errorf("%v (%v), want the server's Unauthenticated", err, status.Code(err))
	}
}
