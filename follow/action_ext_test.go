package follow_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/follow"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func runID() *commonpb.RunIdentifier {
	return &commonpb.RunIdentifier{Project: "demo", Domain: "development", Name: "r1"}
}

// phases returns what a watch yields.
func phases(ctx context.Context, client follow.ActionClient, opts ...follow.Option) (all []commonpb.ActionPhase, err error) {
	for d, e := range follow.WatchRun(ctx, client, runID(), opts...) {
		if err = e; e == nil {
			all = append(all, d.GetStatus().GetPhase())
		}
	}
	return all, err
}

func TestWatchActionGoesOnUntilTheStatusIsTerminal(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		streams [][]any
		details []any
		want    []commonpb.ActionPhase
		opened  int
	}{
		"in the stream":                {[][]any{{queued, running, done}}, []any{errHangs}, []commonpb.ActionPhase{queued, running, done}, 1},
		"read after the stream":        {[][]any{{queued, running}}, []any{done}, []commonpb.ActionPhase{queued, running, done}, 1},
		"in the next stream":           {[][]any{{running}, {done}}, []any{running}, []commonpb.ActionPhase{running, done}, 2},
		"after many ends":              {[][]any{{running}, {running}, {}, {running}}, []any{running, running, running, running, done}, []commonpb.ActionPhase{running, done}, 5},
		"repeats are skipped":          {[][]any{{queued, queued, running, running, done}}, nil, []commonpb.ActionPhase{queued, running, done}, 1},
		"empty messages are skipped":   {[][]any{{&workflowpb.ActionDetails{}, running}}, []any{done}, []commonpb.ActionPhase{running, done}, 1},
		"a phase may come back":        {[][]any{{running, queued, running, done}}, nil, []commonpb.ActionPhase{running, queued, running, done}, 1},
		"the read after it may fail":   {[][]any{{running}, {running}}, []any{codes.Unavailable, done}, []commonpb.ActionPhase{running, done}, 2},
		"the read after it may hang":   {[][]any{{running}, {running}}, []any{errHangs, done}, []commonpb.ActionPhase{running, done}, 2},
		"a token that expires":         {[][]any{{running, codes.Unauthenticated}, {done}}, nil, []commonpb.ActionPhase{running, done}, 2},
		"no answer, and then the rest": {[][]any{{codes.Internal}, {codes.Unknown}, {running, done}}, nil, []commonpb.ActionPhase{running, done}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &scripted{streams: tc.streams, details: tc.details}
				got, err := phases(t.Context(), s)
				if err != nil || !slices.Equal(got, tc.want) || len(s.opened) != tc.opened {
					t.Errorf("%v, %v with %d streams; want %v with %d", got, err, len(s.opened), tc.want, tc.opened)
				}
			})
		})
	}
}

func TestWhichCodesReconnect(t *testing.T) {
	t.Parallel()
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		ends := slices.Contains([]codes.Code{
			codes.NotFound, codes.PermissionDenied, codes.Unauthenticated, codes.InvalidArgument, codes.Unimplemented,
			codes.FailedPrecondition, codes.AlreadyExists, codes.OutOfRange,
		}, code)
		t.Run(code.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &scripted{streams: [][]any{{code}, {done}}}
				got, err := phases(t.Context(), s)
				if want := map[bool]int{true: 1, false: 2}[ends]; len(s.opened) != want {
					t.Errorf("%d streams, want %d", len(s.opened), want)
				}
				st, ok := status.FromError(err)
				if ends && (st.Code() != code || !ok || errors.Is(err, follow.ErrGaveUp)) || !ends && (err != nil || len(got) != 1) {
					t.Errorf("%v, %v", got, err)
				}
			})
		})
	}
	for name, err := range map[string]error{
		"a closed connection":  grpc.ErrClientConnClosing, //nolint:staticcheck // see transient
		"a message too large":  status.Error(codes.ResourceExhausted, "grpc: received message larger than max (5000000 vs. 4194304)"),
		"an error of this end": closedError{},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &scripted{streams: [][]any{{err}, {done}}}
				if _, got := phases(t.Context(), s); !errors.Is(got, err) || len(s.opened) != 1 {
					t.Errorf("%v after %d streams", got, len(s.opened))
				}
			})
		})
	}
}

// closedError is an error as a client set has it after Close.
type closedError struct{}

func (closedError) Error() string              { return "closed" }
func (closedError) Permanent() bool            { return true }
func (closedError) GRPCStatus() *status.Status { return status.New(codes.Unavailable, "closed") }

func TestPausesGrowToTheLongestAndBeginAnewWithNews(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{streams: [][]any{
			{queued, codes.Unavailable}, {codes.Unavailable}, {queued, codes.Unavailable}, {codes.Unavailable}, {codes.Unavailable},
			{codes.Unavailable}, {codes.Unavailable}, {running, codes.Unavailable}, {done},
		}}
		if _, err := phases(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		for i, ms := range []int{500, 1000, 2000, 4000, 8000, 10000, 10000, 500} {
			most := time.Duration(ms) * time.Millisecond
			if d := s.opened[i+1].Sub(s.opened[i]); d > most || d < most/2 {
				t.Errorf("pause %d: %v, want %v or down to half of it", i, d, most)
			}
		}
	})
}

func TestFailuresInARowAreLimited(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		stream []any
		opts   []follow.Option
		want   int
	}{
		"by default":              {[]any{codes.Unavailable}, nil, 10},
		"by option":               {[]any{codes.Unavailable}, []follow.Option{follow.WithMaxFailures(3)}, 3},
		"one":                     {[]any{codes.Unavailable}, []follow.Option{follow.WithMaxFailures(1)}, 1},
		"nothing new counts less": {[]any{running, codes.Internal}, []follow.Option{follow.WithMaxFailures(2)}, 21},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &scripted{streams: slices.Repeat([][]any{tc.stream}, 30)}
				_, err := phases(t.Context(), s, tc.opts...)
				if len(s.opened) != tc.want || errors.Is(err, follow.ErrGaveUp) != (tc.want > 1) {
					t.Errorf("%d streams, %v; want %d", len(s.opened), err, tc.want)
				}
				if code := tc.stream[len(tc.stream)-1]; status.Code(err) != code {
					t.Errorf("code %v, want %v", status.Code(err), code)
				}
			})
		})
	}
	t.Run("never, without a limit", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := &scripted{streams: append(slices.Repeat([][]any{{codes.Unavailable}}, 200), []any{done})}
			if _, err := phases(t.Context(), s, follow.WithMaxFailures(0)); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("streams that last are no failures", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) { // as behind a proxy that cuts each stream after a minute
			s := &scripted{
				streams: append(slices.Repeat([][]any{{running, time.Minute, codes.Unavailable}}, 500), []any{done}), details: []any{running},
			}
			if _, err := phases(t.Context(), s); err != nil {
				t.Error(err)
			}
		})
	})
}

func TestADeadStreamIsNoticed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		details []any
		within  time.Duration
	}{
		"the backend shows another state": {[]any{done}, 65 * time.Second},
		"the backend does not answer":     {[]any{errHangs}, 85 * time.Second},
		"the connection is refused":       {[]any{codes.Unavailable}, 65 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &scripted{streams: [][]any{{running, errHangs}, {done}}, details: tc.details}
				start := time.Now()
				got, err := phases(t.Context(), s)
				if took := time.Since(start); err != nil || len(got) != 2 || took > tc.within {
					t.Errorf("%v, %v after %v", got, err, took)
				}
			})
		})
	}
	t.Run("a silent one lives", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := &scripted{streams: [][]any{{running, 3*time.Hour + time.Second, done}}, details: []any{running}}
			if _, err := phases(t.Context(), s); err != nil || len(s.opened) != 1 || s.asks != 360 {
				t.Errorf("%v, %d streams, %d checks", err, len(s.opened), s.asks)
			}
		})
	})
	t.Run("a check that is refused says nothing", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := &scripted{streams: [][]any{{running, time.Hour, done}}, details: []any{codes.PermissionDenied, codes.Unauthenticated}}
			if _, err := phases(t.Context(), s); err != nil || len(s.opened) != 1 {
				t.Errorf("%v, %d streams", err, len(s.opened))
			}
		})
	})
	t.Run("without checks", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := &scripted{streams: [][]any{{running, time.Hour, done}}, details: []any{done}}
			if _, err := phases(t.Context(), s, follow.WithSilence(0)); err != nil || len(s.opened) != 1 || s.asks != 0 {
				t.Errorf("%v, %d streams", err, len(s.opened))
			}
		})
	})
	t.Run("the caller's own time does not count", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := &scripted{streams: [][]any{{running, done}}, details: []any{done}}
			for _, err := range follow.WatchRun(t.Context(), s, runID()) {
				if time.Sleep(time.Hour); err != nil || s.asks != 0 {
					t.Errorf("%v, %d checks", err, s.asks)
				}
			}
		})
	})
}

func TestTheCallersContextEndsAWatch(t *testing.T) {
	t.Parallel()
	cause := errors.New("the program ends")
	for name, script := range map[string][]any{
		"in a stream": {running, errHangs}, "in a pause": {codes.Unavailable}, "in the read after a stream": {running},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &scripted{streams: [][]any{script}, details: []any{running, errHangs}}
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(100*time.Millisecond, func() { cancel(cause) })
				_, err := phases(ctx, s)
				if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || status.Code(err) != codes.Canceled {
					t.Errorf("%v, code %v", err, status.Code(err))
				}
				late, stop := context.WithTimeout(t.Context(), 0)
				defer stop()
				if _, err = phases(late, s); !errors.Is(err, context.DeadlineExceeded) || status.Code(err) != codes.DeadlineExceeded {
					t.Errorf("%v, code %v", err, status.Code(err))
				}
			})
		})
	}
}

func TestLeavingTheLoopEndsTheStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{streams: [][]any{{queued, running, errHangs}, {running}}, details: []any{done}}
		for _, err := range follow.WatchRun(t.Context(), s, runID()) {
			if err != nil {
				t.Error(err)
			}
			break
		}
		for d, err := range follow.WatchRun(t.Context(), s, runID()) { // the one that is read after a stream
			if err != nil || d.GetStatus().GetPhase() == done {
				break
			}
		}
		synctest.Wait()
		if s.open != 0 || len(s.opened) != 2 {
			t.Errorf("%d of %d streams are still open", s.open, len(s.opened))
		}
	})
}

func TestAnIteratorCanBeUsedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{streams: [][]any{{running, done}, {running, done}}}
		watch := follow.WatchRun(t.Context(), s, runID())
		for range 2 {
			if all, err := collect(watch); err != nil || len(all) != 2 {
				t.Errorf("%d states, %v", len(all), err)
			}
		}
	})
}

func TestNoticeTellsOfFailuresAndOfNothingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{streams: [][]any{
			{queued, codes.Unavailable}, // brought something new: only cut
			{codes.Unavailable}, {codes.Internal}, {running, codes.Unavailable}, {done},
		}}
		var told []codes.Code
		notice := follow.WithNotice(func(err error) { told = append(told, status.Code(err)) })
		if _, err := phases(t.Context(), s, follow.WithNotice(nil), notice); err != nil {
			t.Fatal(err)
		}
		if want := []codes.Code{codes.Unavailable, codes.Internal}; !slices.Equal(told, want) {
			t.Errorf("told of %v, want %v", told, want)
		}
	})
}
