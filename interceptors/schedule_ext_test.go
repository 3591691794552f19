package interceptors_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/jetway-go/jetway/interceptors"
)

// schedules is how many are tried for each server; the seed of one that fails is
// in the name of its test.
const schedules = 150

// schedule is one way in which a two-way stream can go.
type schedule struct {
	rng      *rand.Rand
	messages []string
	rejected bool // the first attempt
	reads    int  // of its messages before that
	header   bool // a third goroutine asks for it
	pause    int  // the chance in 100 that a side makes way for the others, before each step
	cancelAt int  // the step of the sender at which the call is canceled; -1 for never
}

func newSchedule(seed uint64) *schedule {
	rng := rand.New(rand.NewPCG(seed, 0))
	s := &schedule{rng: rng, rejected: rng.IntN(5) > 0, header: rng.IntN(2) == 0, pause: rng.IntN(100), cancelAt: -1}
	longest := []int{10, 1000, 4000}[rng.IntN(3)] // 64 of them fit
	for i := range rng.IntN(65) {
		s.messages = append(s.messages, fmt.Sprint(i, strings.Repeat("x", rng.IntN(longest))))
	}
	if s.rejected {
		s.reads = rng.IntN(len(s.messages) + 1)
	}
	if rng.IntN(4) == 0 {
		s.cancelAt = rng.IntN(len(s.messages) + 1)
	}
	return s
}

// dice returns a function for one goroutine that yields at random.
func (s *schedule) dice() func() {
	rng := rand.New(rand.NewPCG(s.rng.Uint64(), 1))
	return func() {
		for rng.IntN(100) < s.pause {
			runtime.Gosched()
		}
	}
}

// In every order of sends, receives and a rejection the service gets every message
// once, in order, and so does the caller; a canceled call ends early, without wrong
// messages.
func TestEveryMessageArrivesOnceInAnySchedule(t *testing.T) {
	t.Parallel()
	for server, serve := range map[string]func(*testing.T, *backend) *bufconn.Listener{
		"grpc-go":    func(t *testing.T, b *backend) *bufconn.Listener { return serveGRPC(t, b.gatedGRPCServer()) },
		"connect-go": func(t *testing.T, b *backend) *bufconn.Listener { return serveHTTP(t, b.connectHandler()) },
	} {
		for seed := range uint64(schedules) {
			t.Run(fmt.Sprintf("%s/%d", server, seed), func(t *testing.T) {
				t.Parallel()
				sch, b, src := newSchedule(seed), newBackend(), newSource()
				b.readFirst = sch.reads
				if !sch.rejected {
					b.good = "Bearer token-0"
				}
				tc := testpb.NewTestServiceClient(dial(t, serve(t, b), grpc.WithChainStreamInterceptor(interceptors.StreamClientAuth(src))))

				got, err := sch.run(t, tc)

				received, rejected := b.state()
				refreshes, minted := src.counts()
				if sch.cancelAt < 0 {
					if !errors.Is(err, io.EOF) || !slices.Equal(got, sch.messages) || !slices.Equal(received, sch.messages) {
						t.Errorf("of %d messages the service received %d, the caller %d, then %v", len(sch.messages), len(received), len(got), err)
					}
					if want := map[bool]int{true: 1}[sch.rejected]; refreshes != want || minted != want || rejected != want {
						t.Errorf("%d refreshes, %d tokens, %d rejections; want %d of each", refreshes, minted, rejected, want)
					}
					return
				}
				if !isPrefix(got, sch.messages) || !isPrefix(received, sch.messages) || refreshes > 1 {
					t.Errorf("the service received %d messages, the caller %d, after %d refreshes", len(received), len(got), refreshes)
				}
				if status.Code(err) != codes.Canceled && !(errors.Is(err, io.EOF) && len(got) == len(sch.messages)) {
					t.Errorf("canceled, the call ended with %v", err)
				}
			})
		}
	}
}

func isPrefix(part, whole []string) bool {
	return len(part) <= len(whole) && slices.Equal(part, whole[:len(part)])
}

// run sends, receives and asks for the header at the same time, and returns what
// was received until the error.
func (s *schedule) run(t *testing.T, tc testpb.TestServiceClient) (got []string, err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := tc.FullDuplexCall(ctx)
	if err != nil {
		return nil, err
	}
	sender, receiver, asker := s.dice(), s.dice(), s.dice()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		m := &testpb.StreamingOutputCallRequest{Payload: &testpb.Payload{}}
		for i, text := range s.messages {
			sender()
			if i == s.cancelAt {
				cancel()
			}
			m.Payload.Body = append(m.Payload.Body[:0], text...) // one message for all
			if err := stream.Send(m); err != nil && s.cancelAt < 0 {
				t.Errorf("send %d: %v", i, err)
			}
		}
		if s.cancelAt == len(s.messages) {
			cancel()
		}
		sender()
		if err := stream.CloseSend(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if s.header {
		wg.Go(func() {
			asker()
			if _, err := stream.Header(); err != nil {
				t.Errorf("header: %v", err)
			}
		})
	}
	for {
		receiver()
		resp, err := stream.Recv()
		if err != nil {
			if _, again := stream.Recv(); status.Code(again) != status.Code(err) {
				t.Errorf("ended with %v, then with %v", err, again)
			}
			return got, err
		}
		got = append(got, string(resp.GetPayload().GetBody()))
	}
}
