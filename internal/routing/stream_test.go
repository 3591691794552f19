package routing

import (
	"context"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
)

func (w *world) open(ctx context.Context, t *testing.T, opts ...grpc.CallOption) grpc.ClientStream {
	t.Helper()
	s, err := w.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, tailLogs, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tail sends the request as generated code does.
func (w *world) tail(ctx context.Context, t *testing.T, opts ...grpc.CallOption) grpc.ClientStream {
	t.Helper()
	s := w.open(ctx, t, opts...)
	if err := s.SendMsg(&dataproxypb.TailLogsRequest{ActionId: actionID("a0")}); err != nil {
		t.Fatal(err)
	}
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAStreamGoesToTheClusterOfItsRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, blue)
		s := w.open(t.Context(), t)

		// Headers and messages are waited for before there is a request, ...
		var all sync.WaitGroup
		all.Go(func() {
			if md, err := s.Header(); err != nil || md.Get("from")[0] != blue {
				t.Errorf("headers %v, %v", md, err)
			}
		})
		all.Go(func() {
			if err := s.RecvMsg(nil); err != io.EOF { //nolint:errorlint // generated code compares with ==
				t.Errorf("%v, want io.EOF itself", err)
			}
		})
		synctest.Wait()
		if n := w.questions(); n != 0 || s.Trailer() != nil || s.Context() != t.Context() {
			t.Errorf("%d questions, trailers %v", n, s.Trailer())
		}

		// ... and come from the cluster then.
		if err := s.SendMsg(&dataproxypb.TailLogsRequest{ActionId: actionID("a0")}); err != nil {
			t.Error(err)
		}
		if err := s.CloseSend(); err != nil {
			t.Error(err)
		}
		all.Wait()
		if c := w.cluster(blue); len(c.sent) != 1 || c.closed != 1 || s.Trailer().Get("trailer")[0] != blue {
			t.Errorf("%d messages and %d ends on the cluster, want one of each", len(c.sent), c.closed)
		}
	})
}

// Unlike other data, the logs of an app may be with the backend itself whatever it says.
func TestLogsOfAnAppComeFromItsClusterElseFromTheBackend(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code codes.Code
		want string
	}{
		"a cluster":     {codes.OK, blue},
		"refused":       {codes.PermissionDenied, "home"},
		"unknown":       {codes.NotFound, "home"},
		"unserved":      {codes.Unimplemented, "home"},
		"not available": {codes.Unavailable, "home"},
	} {
		w := newWorld(t, blue)
		if tt.code != codes.OK {
			w.fails(tt.code)
		}
		for range 2 {
			s, err := w.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, apppb.AppLogsService_TailLogs_FullMethodName)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.SendMsg(&apppb.TailLogsRequest{Target: &apppb.TailLogsRequest_AppId{
				AppId: &apppb.Identifier{Project: "p", Domain: "d", Name: "app"},
			}}); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if md, err := s.Header(); err != nil || md.Get("from")[0] != tt.want {
				t.Errorf("%s: headers %v, %v, want those of %s", name, md, err, tt.want)
			}
		}
		if n := w.questions(); n != 1 {
			t.Errorf("%s: %d questions, want the answer to be remembered", name, n)
		}
	}
}

func TestAStreamWithoutARequestIsTheBackendsToRefuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, blue)
	w.home.fail(codes.Internal)
	s := w.open(t.Context(), t)
	if err := s.CloseSend(); err != nil {
		t.Error(err)
	}
	if err := s.RecvMsg(nil); status.Code(err) != codes.Internal {
		t.Errorf("%v, want the backend's error", err)
	}
}

func TestAStreamThatCannotBeRoutedEndsWithTheReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t, blue)
	w.fails(codes.PermissionDenied)
	finished := 0
	s := w.open(t.Context(), t, grpc.OnFinish(func(error) { finished++ }))
	if err := s.SendMsg(&dataproxypb.TailLogsRequest{ActionId: actionID("a0")}); status.Code(err) != codes.PermissionDenied {
		t.Errorf("SendMsg: %v, want PermissionDenied", err)
	}
	if err := s.SendMsg(&dataproxypb.TailLogsRequest{}); err != io.EOF { //nolint:errorlint // as gRPC promises
		t.Errorf("SendMsg again: %v, want io.EOF", err)
	}
	if err := s.CloseSend(); err != nil {
		t.Errorf("CloseSend: %v", err)
	}
	_, err := s.Header()
	for what, err := range map[string]error{"Header": err, "RecvMsg": s.RecvMsg(nil)} {
		if status.Code(err) != codes.PermissionDenied {
			t.Errorf("%s: %v, want PermissionDenied", what, err)
		}
	}
	if finished != 1 {
		t.Errorf("the callback ran %d times, want once", finished)
	}
}

func TestAStreamThatSendsNothingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, blue)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		finished := 0
		s := w.open(ctx, t, grpc.OnFinish(func(error) { finished++ }))
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if err := s.RecvMsg(nil); status.Code(err) != codes.DeadlineExceeded {
					t.Errorf("%v, want DeadlineExceeded", err)
				}
			})
		}
		all.Wait()
		if err := s.SendMsg(&dataproxypb.TailLogsRequest{}); err != io.EOF { //nolint:errorlint // as gRPC promises
			t.Errorf("SendMsg: %v, want io.EOF", err)
		}
		if finished != 1 {
			t.Errorf("the callback ran %d times, want once", finished)
		}
	})
}

func TestAStreamWhoseContextEndsWhileItOpensEndsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		w.home.hold = func() { time.Sleep(time.Minute) }
		s := w.open(ctx, t)
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := s.Header(); err != nil {
				t.Errorf("%v, want those of the stream that was opened", err)
			}
		})
		if err := s.SendMsg(&dataproxypb.TailLogsRequest{ActionId: actionID("a0")}); err != nil {
			t.Error(err)
		}
		all.Wait()
	})
}

func TestAStreamFollowsAClusterThatMoved(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		code     codes.Code
		messages int
		age      time.Duration
		opts     []grpc.CallOption
		want     codes.Code
	}{
		{"not found", codes.NotFound, 0, trustFor, nil, codes.OK},
		{"gone", codes.Unavailable, 0, trustFor, nil, codes.OK},
		{"gone after a message", codes.Unavailable, 1, trustFor, nil, codes.Unavailable},
		{"just asked", codes.NotFound, 0, 0, nil, codes.NotFound},
		{"a callback", codes.NotFound, 0, trustFor, []grpc.CallOption{grpc.OnFinish(func(error) {})}, codes.NotFound},
		{"another error", codes.Internal, 0, trustFor, nil, codes.Internal},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, blue)
				w.tail(t.Context(), t)
				time.Sleep(tt.age)
				w.cluster(blue).messages = tt.messages
				w.cluster(blue).fail(tt.code)
				w.names(green)
				s := w.tail(t.Context(), t, tt.opts...)
				var err error
				for err == nil {
					err = s.RecvMsg(nil)
				}
				if err == io.EOF { //nolint:errorlint // generated code compares with ==
					err = nil
				}
				if status.Code(err) != tt.want {
					t.Errorf("%v, want %v", err, tt.want)
				}
				if c := w.cluster(green); tt.want == codes.OK && (len(c.sent) != 1 || c.closed != 1) {
					t.Errorf("%d messages and %d ends on the new cluster, want one of each", len(c.sent), c.closed)
				}
			})
		})
	}
}

// Two answers that take turns would have a stream made anew for ever.
func TestAStreamIsMadeAnewOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, blue)
		turn := 0
		w.answers(func(context.Context, *clusterpb.SelectClusterRequest) (string, error) {
			turn++
			return []string{blue, green}[turn%2], nil
		})
		for action := range 2 { // so that there are connections
			w.mustCall(t, action)
		}
		for _, host := range []string{blue, green} {
			w.cluster(host).fail(codes.NotFound)
			w.cluster(host).slow = trustFor
		}
		if err := w.tail(t.Context(), t).RecvMsg(nil); status.Code(err) != codes.NotFound {
			t.Errorf("%v, want NotFound", err)
		}
		if n := len(w.cluster(blue).sent) + len(w.cluster(green).sent); n != 2 {
			t.Errorf("%d streams, want 2", n)
		}
	})
}
