package follow_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/jetway-go/jetway/follow"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// odd is a backend whose first stream shows "a" and "b" running, and is cut; later ones show
// "a" only. That "b" is done by then is in its list, which pages makes.
type odd struct {
	start   *timestamppb.Timestamp // of "a"
	streams atomic.Int32
	lists   atomic.Int32
	pages   func(n int32, since time.Time) (rows []string, next string, err error)
}

func (o *odd) action(name string, phase commonpb.ActionPhase) *workflowpb.Action {
	s := &workflowpb.ActionStatus{Phase: phase, Attempts: 1, StartTime: timestamppb.Now()}
	if name == "a" && o.start != nil {
		s.StartTime = o.start
	}
	return &workflowpb.Action{Id: &commonpb.ActionIdentifier{Run: &commonpb.RunIdentifier{Name: name}, Name: name}, Status: s}
}

// next says which message of a stream comes: the first of the first stream, of another one, or none.
func (o *odd) next(ctx context.Context, stream int32, n *int) (names []string, err error) {
	*n++
	switch {
	case *n == 1 && stream == 1:
		return []string{"a", "b"}, nil
	case *n == 1:
		return []string{"a"}, nil
	case stream == 1:
		return nil, status.Error(codes.Unavailable, "cut")
	}
	<-ctx.Done()
	return nil, status.FromContextError(ctx.Err()).Err()
}

func (o *odd) WatchRuns(
	ctx context.Context, _ *workflowpb.WatchRunsRequest, _ ...grpc.CallOption,
) (grpc.ServerStreamingClient[workflowpb.WatchRunsResponse], error) {
	stream, n := o.streams.Add(1), 0
	return &fakeStream[workflowpb.WatchRunsResponse]{ctx: ctx, recv: func(ctx context.Context) (*workflowpb.WatchRunsResponse, error) {
		names, err := o.next(ctx, stream, &n)
		m := &workflowpb.WatchRunsResponse{}
		for _, name := range names {
			m.Runs = append(m.Runs, &workflowpb.Run{Action: o.action(name, running)})
		}
		return m, err
	}}, nil
}

func (o *odd) ListRuns(_ context.Context, req *workflowpb.ListRunsRequest, _ ...grpc.CallOption) (*workflowpb.ListRunsResponse, error) {
	since := time.Time{}
	for _, f := range req.GetRequest().GetFilters() {
		at, err := time.Parse(time.RFC3339Nano, f.GetValues()[0])
		if err != nil {
			return nil, status.Error(codes.InvalidArgument, err.Error())
		}
		since = at
	}
	rows, next, err := o.pages(o.lists.Add(1), since)
	m := &workflowpb.ListRunsResponse{Token: next}
	for _, name := range rows {
		m.Runs = append(m.Runs, &workflowpb.Run{Action: o.action(name, done)})
	}
	return m, err
}

func (o *odd) WatchActions(
	ctx context.Context, _ *workflowpb.WatchActionsRequest, _ ...grpc.CallOption,
) (grpc.ServerStreamingClient[workflowpb.WatchActionsResponse], error) {
	stream, n := o.streams.Add(1), 0
	return &fakeStream[workflowpb.WatchActionsResponse]{ctx: ctx, recv: func(ctx context.Context) (*workflowpb.WatchActionsResponse, error) {
		names, err := o.next(ctx, stream, &n)
		m := &workflowpb.WatchActionsResponse{}
		for _, name := range names {
			m.EnrichedActions = append(m.EnrichedActions, &workflowpb.EnrichedAction{Action: o.action(name, running), MeetsFilter: true})
		}
		return m, err
	}}, nil
}

func (o *odd) ListActions(context.Context, *workflowpb.ListActionsRequest, ...grpc.CallOption) (*workflowpb.ListActionsResponse, error) {
	rows, next, err := o.pages(o.lists.Add(1), time.Time{})
	m := &workflowpb.ListActionsResponse{Token: next}
	for _, name := range rows {
		m.Actions = append(m.Actions, o.action(name, done))
	}
	return m, err
}

var everyRun = &workflowpb.WatchRunsRequest{Target: &workflowpb.WatchRunsRequest_Org{Org: "o"}}

// One run with a wrong time must not move the beginning of every later list.
func TestTimesThatCannotBeDoNotHideChanges(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]*timestamppb.Timestamp{
		"a year ahead":    {Seconds: 978307200 + 366*86400}, // a bubble begins in 2000
		"the year 9999":   {Seconds: 253402300799},
		"after all years": {Seconds: math.MaxInt64, Nanos: -1},
		"before all":      {Seconds: math.MinInt64, Nanos: math.MaxInt32},
		"zero":            {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := &odd{start: start, pages: func(_ int32, since time.Time) ([]string, string, error) {
					if time.Now().Before(since) {
						return nil, "", nil
					}
					return []string{"b"}, "", nil
				}}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				seen := false
				for r, err := range follow.WatchRuns(ctx, o, everyRun, follow.WithSilence(0)) {
					seen = seen || err == nil && r.GetAction().GetStatus().GetPhase() == done
				}
				if !seen {
					t.Error("the change during the cut was not seen")
				}
			})
		})
	}
}

// A watch goes on where the list beside it does not end or cannot be had.
func TestWatchGoesOnWhereTheListBesideItIsBroken(t *testing.T) {
	t.Parallel()
	for name, pages := range map[string]func(n int32, since time.Time) ([]string, string, error){
		"one token for ever":       func(int32, time.Time) ([]string, string, error) { return []string{"x"}, "1", nil },
		"ever new tokens":          func(n int32, _ time.Time) ([]string, string, error) { return []string{"x"}, fmt.Sprint(n), nil },
		"ever new and empty pages": func(n int32, _ time.Time) ([]string, string, error) { return nil, fmt.Sprint(n), nil },
		"refused": func(int32, time.Time) ([]string, string, error) {
			return nil, "", status.Error(codes.PermissionDenied, "no lists")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				runs := &odd{pages: pages}
				var err error
				for _, err = range follow.WatchRuns(ctx, runs, everyRun, follow.WithSilence(0)) { //nolint:revive // the error is what counts
				}
				if n := runs.streams.Load(); !errors.Is(err, context.DeadlineExceeded) || n != 2 {
					t.Errorf("runs: %d streams, %d lists, then %v", n, runs.lists.Load(), err)
				}
				actions := &odd{pages: pages}
				req := &workflowpb.WatchActionsRequest{Filter: []*commonpb.Filter{{Field: "phase"}}}
				ctx, cancel = context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				for _, err = range follow.WatchActions(ctx, actions, req, follow.WithSilence(0)) { //nolint:revive // see above
				}
				if n := actions.streams.Load(); !errors.Is(err, context.DeadlineExceeded) || n != 2 {
					t.Errorf("actions: %d streams, %d lists, then %v", n, actions.lists.Load(), err)
				}
			})
		})
	}
}

func TestListOfNothingButEmptyPagesEnds(t *testing.T) {
	t.Parallel()
	const most = 1 << 20 // where the rule does not hold
	calls := 0
	_, err := collect(follow.All(t.Context(), func(context.Context, string) ([]int, string, error) {
		if calls++; calls > most {
			return nil, "", nil
		}
		return nil, fmt.Sprint(calls), nil
	}))
	if !errors.Is(err, follow.ErrEndless) || !strings.Contains(err.Error(), "page") {
		t.Errorf("%v after %d pages", err, calls)
	}
	calls = 0
	got, err := collect(follow.All(t.Context(), func(context.Context, string) ([]int, string, error) {
		switch calls++; {
		case calls%500 == 0 && calls < 5000:
			return []int{calls}, fmt.Sprint(calls), nil
		case calls < 5000:
			return nil, fmt.Sprint(calls), nil
		}
		return nil, "", nil
	}))
	if err != nil || len(got) != 9 {
		t.Errorf("few entries on many pages: %d, %v", len(got), err)
	}
}
