package interceptors_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
)

// A sender, a receiver and a third goroutine in Header meet the rejection at the same
// time: it is handled once.
func TestConcurrentUseOfARejectedStreamRefreshesOnce(t *testing.T) {
	t.Parallel()
	for range 50 {
		b, src := newBackend(), newSource()
		s, err := dialGated(t, b, src).FullDuplexCall(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for i := range 40 {
			want = append(want, fmt.Sprint(i))
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			for _, text := range want {
				if err := s.Send(echoRequest(text)); err != nil {
					t.Errorf("send: %v", err)
				}
			}
			if err := s.CloseSend(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
		wg.Go(func() {
			if md, err := s.Header(); md == nil || err != nil {
				t.Errorf("Header() = %v, %v", md, err)
			}
		})
		var got []string
		for {
			resp, err := s.Recv()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(resp.GetPayload().GetBody()))
		}
		wg.Wait()
		received, rejected := b.state()
		refreshes, minted := src.counts()
		if !slices.Equal(got, want) || !slices.Equal(received, want) {
			t.Fatalf("the service received %q, the caller %q", received, got)
		}
		if refreshes != 1 || minted != 1 || rejected != 1 {
			t.Fatalf("%d refreshes, %d tokens, %d rejections", refreshes, minted, rejected)
		}
	}
}

// talkative answers every message with four times as much, and so stops reading
// when its answers are not read.
func talkative(recv func() (*testpb.StreamingOutputCallRequest, error), send func(*testpb.StreamingOutputCallResponse) error) error {
	for {
		req, err := recv()
		if err != nil {
			return nil //nolint:nilerr // io.EOF
		}
		for range 4 {
			if err := send(&testpb.StreamingOutputCallResponse{Payload: req.GetPayload()}); err != nil {
				return err
			}
		}
	}
}

// Sending again must not block receiving: here it is more than the server accepts
// before its answers are read.
func TestReplayDoesNotBlockReceiving(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, src := newBackend(), newSource()
		b.onDuplex = talkative
		s, err := dialGated(t, b, src).FullDuplexCall(withAwaitedVerdict(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		const n = 60
		text := strings.Repeat("x", 4000)
		for range n {
			if err := s.Send(echoRequest(text)); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 4 * n {
			if i == 1 {
				synctest.Wait() // until everything else is stuck
			}
			if resp, err := s.Recv(); err != nil || len(resp.GetPayload().GetBody()) != len(text) {
				t.Fatalf("message %d: %v, %v", i, resp, err)
			}
		}
		if err := s.Send(echoRequest("last")); err != nil {
			t.Fatal(err)
		}
		if resp, err := s.Recv(); err != nil || string(resp.GetPayload().GetBody()) != "last" {
			t.Fatalf("got %v, %v", resp, err)
		}
	})
}

// The first response must get through while the sender is blocked because
// nothing was received yet.
func TestReceivingDoesNotWaitForTheSender(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, src := newBackend(), newSource()
		b.good = "Bearer token-0"
		b.onDuplex = talkative
		s, err := dialGated(t, b, src).FullDuplexCall(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		const n = 63 // nothing is dropped for being too much
		text := strings.Repeat("x", 4000)
		go func() {
			for range n {
				if err := s.Send(echoRequest(text)); err != nil {
					t.Errorf("send: %v", err)
				}
			}
			if err := s.CloseSend(); err != nil {
				t.Errorf("close: %v", err)
			}
		}()
		synctest.Wait() // until the sender is stuck
		for i := range 4 * n {
			if _, err := s.Recv(); err != nil {
				t.Fatalf("message %d: %v", i, err)
			}
		}
		if _, err := s.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want the end", err)
		}
	})
}

func TestCallsEndWithTheirContextDuringARefresh(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ctx  func(context.Context) (context.Context, context.CancelFunc)
		want codes.Code
	}{
		"canceled": {context.WithCancel, codes.Canceled},
		"deadline": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		}, codes.DeadlineExceeded},
	} {
		for _, honours := range []bool{true, false} { // the source may or may not look at ctx
			t.Run(fmt.Sprintf("%s, noticed by the source %t", name, honours), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					b := newBackend()
					ctx, cancel := tt.ctx(t.Context())
					defer cancel()
					src := &endingSource{honours: honours, end: func() {
						if tt.want == codes.Canceled {
							cancel()
						}
						<-ctx.Done()
					}}
					s, err := dialGated(t, b, src).StreamingOutputCall(ctx, outputRequest("x", 1))
					if err != nil {
						t.Fatal(err)
					}
					if _, err := s.Recv(); status.Code(err) != tt.want {
						t.Errorf("got %v", err)
					}
				})
			})
		}
	}
}

type endingSource struct {
	end     func()
	honours bool
}

func (s *endingSource) Credentials(context.Context) (*auth.Credentials, error) { return nil, nil } //nolint:nilnil // nothing yet
func (s *endingSource) Refresh(ctx context.Context, _ *auth.Credentials) (*auth.Credentials, error) {
	s.end()
	if s.honours {
		return nil, ctx.Err()
	}
	return &auth.Credentials{AccessToken: "token-1"}, nil
}

// goleak checks when all tests are done.
func TestAbandonedStreamsLeaveNoGoroutines(t *testing.T) {
	t.Parallel()
	for range 20 {
		b, src := newBackend(), newSource()
		ctx, cancel := context.WithCancel(t.Context())
		s, err := dialGated(t, b, src).FullDuplexCall(withAwaitedVerdict(ctx))
		if err != nil {
			t.Fatal(err)
		}
		for range 60 {
			if err := s.Send(echoRequest(strings.Repeat("x", 4000))); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Recv(); err != nil { // the rest is being sent again
			t.Fatal(err)
		}
		cancel()
	}
}
