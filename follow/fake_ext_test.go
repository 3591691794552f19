package follow_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// seeds is how many schedules a test with random cuts goes through: JETWAY_TEST_SEEDS, or
// few.
func seeds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("JETWAY_TEST_SEEDS")
	if text == "" {
		return 30
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// fakeStream is a stream of a fake backend.
type fakeStream[M any] struct {
	grpc.ClientStream // nil: only Recv is called

	ctx  context.Context
	recv func(ctx context.Context) (*M, error)
}

func (s *fakeStream[M]) Recv() (*M, error) { return s.recv(s.ctx) }

// pause lets time pass at a server, or ends with the call.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// random is a source that the two sides of a fake share.
type random struct {
	mu sync.Mutex
	r  *rand.Rand
}

func newRandom(seed uint64) *random { return &random{r: rand.New(rand.NewPCG(seed, 7))} }

func (r *random) n(n int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.r.IntN(n)
}

func (r *random) upTo(d time.Duration) time.Duration { return time.Duration(r.n(int(d) + 1)) }

// scissors cut streams: each at a random message, in a random manner, as long as there
// are cuts left.
type scissors struct {
	*random

	mu         sync.Mutex
	left, made int
}

func (s *scissors) take() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == 0 {
		return false
	}
	s.left--
	s.made++
	return true
}

// cuts is how a stream can end early; nil is one that says nothing more.
var cuts = []error{
	status.Error(codes.Unavailable, "connection reset by peer"),
	status.Error(codes.Internal, "stream terminated by RST_STREAM with error code: INTERNAL_ERROR"),
	status.Error(codes.Unknown, "unexpected HTTP status code received from server: 520"),
	status.Error(codes.Canceled, "the server canceled"),
	status.Error(codes.DeadlineExceeded, "the proxy's own limit"),
	status.Error(codes.Unauthenticated, "the token has expired"),
	io.EOF,
	nil,
}

// cut returns recv as scissors leave it.
func cut[M any](s *scissors, recv func(context.Context) (*M, error)) func(context.Context) (*M, error) {
	return cutBy(s, cuts[s.n(len(cuts))], recv)
}

func cutBy[M any](s *scissors, how error, recv func(context.Context) (*M, error)) func(context.Context) (*M, error) {
	after := s.n(6)
	if status.Code(how) == codes.Unauthenticated {
		after++ // before the first message it is an answer
	}
	if !s.take() {
		return recv
	}
	return func(ctx context.Context) (*M, error) {
		if after--; after >= 0 {
			m, err := recv(ctx)
			if !errors.Is(err, io.EOF) {
				return m, err
			}
		}
		if how == nil {
			<-ctx.Done()
			return nil, status.FromContextError(ctx.Err()).Err()
		}
		return nil, how
	}
}
