package follow_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

const (
	queued       = commonpb.ActionPhase_ACTION_PHASE_QUEUED
	waiting      = commonpb.ActionPhase_ACTION_PHASE_WAITING_FOR_RESOURCES
	initializing = commonpb.ActionPhase_ACTION_PHASE_INITIALIZING
	running      = commonpb.ActionPhase_ACTION_PHASE_RUNNING
	done         = commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED
	failed       = commonpb.ActionPhase_ACTION_PHASE_FAILED
	aborted      = commonpb.ActionPhase_ACTION_PHASE_ABORTED
)

// fakeRuns is a backend with runs, or with the actions of one, whose watches start with a
// selection only and whose lists number their entries.
type fakeRuns struct {
	*random

	cut       *scissors
	selection int // of a new watch
	page      int // of a list

	mu   sync.Mutex
	rows []*fakeRow
	subs map[*fakeSub]bool
}

type fakeRow struct {
	name             string
	status           *workflowpb.ActionStatus
	created, updated time.Time
	version          int
}

type fakeSub struct {
	queue []*fakeRow // copies
	ready chan struct{}
}

func (b *fakeRuns) add(name string, phase commonpb.ActionPhase) *fakeRow {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	r := &fakeRow{name: name, created: now, updated: now, status: &workflowpb.ActionStatus{
		Phase: phase, Attempts: 1, StartTime: timestamppb.New(now),
	}}
	b.rows = append(b.rows, r)
	return r
}

// enter moves a row to a phase; as with real backends, watches are told of that only.
func (b *fakeRuns) enter(r *fakeRow, phase commonpb.ActionPhase, attempt uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	r.version++
	r.updated = now
	r.status = proto.CloneOf(r.status)
	r.status.Phase, r.status.Attempts = phase, attempt
	if phase >= done && phase <= aborted {
		r.status.EndTime = timestamppb.New(now)
	}
	for sub := range b.subs {
		sub.push(r)
	}
}

func (s *fakeSub) push(r *fakeRow) {
	c := *r
	s.queue = append(s.queue, &c)
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// live plays the lives of n rows.
func (b *fakeRuns) live(n int) {
	var all sync.WaitGroup
	for i := range n {
		time.Sleep(b.upTo(2 * time.Second))
		r := b.add(fmt.Sprintf("r%d", i), queued)
		all.Go(func() {
			attempt := uint32(1)
			for _, phase := range []commonpb.ActionPhase{waiting, initializing, running, done} {
				time.Sleep(b.upTo(10 * time.Second))
				if phase == done && b.n(4) == 0 {
					attempt++
					b.enter(r, queued, attempt)
					time.Sleep(b.upTo(3 * time.Second))
					b.enter(r, running, attempt)
					phase = failed
				}
				b.enter(r, phase, attempt)
				if b.n(10) == 0 {
					b.enter(r, phase, attempt) // says it twice
				}
			}
			if b.n(8) == 0 {
				time.Sleep(b.upTo(20 * time.Second))
				b.enter(r, aborted, attempt)
			}
		})
	}
	all.Wait()
}

// subscribe returns what a watch receives: a selection, and then what changes.
func (b *fakeRuns) subscribe(ctx context.Context) (first []*fakeRow, next func() (*fakeRow, error)) {
	sub := &fakeSub{ready: make(chan struct{}, 1)}
	b.mu.Lock()
	if b.subs == nil {
		b.subs = map[*fakeSub]bool{}
	}
	b.subs[sub] = true
	context.AfterFunc(ctx, func() { b.mu.Lock(); defer b.mu.Unlock(); delete(b.subs, sub) })
	for _, r := range b.sorted(false) {
		if len(first) < b.selection {
			c := *r
			first = append(first, &c)
		}
	}
	b.mu.Unlock()
	return first, func() (*fakeRow, error) {
		for {
			b.mu.Lock()
			if len(sub.queue) > 0 {
				r := sub.queue[0]
				sub.queue = sub.queue[1:]
				b.mu.Unlock()
				return r, pause(ctx, b.upTo(200*time.Millisecond))
			}
			b.mu.Unlock()
			select {
			case <-sub.ready:
			case <-ctx.Done():
				return nil, pause(ctx, time.Hour)
			}
		}
	}
}

// sorted needs b.mu held.
func (b *fakeRuns) sorted(byUpdate bool) []*fakeRow {
	return slices.SortedFunc(slices.Values(b.rows), func(x, y *fakeRow) int {
		if byUpdate {
			return cmp.Or(y.updated.Compare(x.updated), cmp.Compare(x.name, y.name))
		}
		return cmp.Or(cmp.Compare(x.status.GetPhase(), y.status.GetPhase()), y.created.Compare(x.created))
	})
}

// list returns a page of the latest changes.
func (b *fakeRuns) list(ctx context.Context, req *commonpb.ListRequest) (page []*fakeRow, token string, err error) {
	if err := pause(ctx, b.upTo(time.Second)); err != nil {
		return nil, "", err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	rows := b.sorted(true)
	for _, f := range req.GetFilters() {
		since, err := time.Parse(time.RFC3339Nano, f.GetValues()[0])
		if err != nil {
			return nil, "", err
		}
		rows = slices.DeleteFunc(rows, func(r *fakeRow) bool { return r.updated.Before(since) })
	}
	at, _ := strconv.Atoi(req.GetToken())
	for _, r := range rows[min(at, len(rows)):] {
		if len(page) == b.page {
			return page, strconv.Itoa(at + len(page)), nil
		}
		c := *r
		page = append(page, &c)
	}
	return page, "", nil
}

func (r *fakeRow) run() *workflowpb.Run {
	return &workflowpb.Run{Action: &workflowpb.Action{
		Id:     &commonpb.ActionIdentifier{Run: &commonpb.RunIdentifier{Project: "p", Domain: "d", Name: r.name}, Name: "a0"},
		Status: proto.CloneOf(r.status),
	}}
}

func (b *fakeRuns) WatchRuns(
	ctx context.Context, _ *workflowpb.WatchRunsRequest, _ ...grpc.CallOption,
) (grpc.ServerStreamingClient[workflowpb.WatchRunsResponse], error) {
	var next func() (*fakeRow, error)
	recv := func(ctx context.Context) (*workflowpb.WatchRunsResponse, error) {
		if next != nil {
			r, err := next()
			if err != nil {
				return nil, err
			}
			return &workflowpb.WatchRunsResponse{Runs: []*workflowpb.Run{r.run()}}, nil
		}
		if err := pause(ctx, b.upTo(time.Second)); err != nil { // until the server has subscribed us
			return nil, err
		}
		m := &workflowpb.WatchRunsResponse{}
		var rows []*fakeRow
		rows, next = b.subscribe(ctx)
		if len(rows) == 0 {
			r, err := next()
			if err != nil {
				return nil, err
			}
			rows = append(rows, r)
		}
		for _, r := range rows {
			m.Runs = append(m.Runs, r.run())
		}
		return m, nil
	}
	return &fakeStream[workflowpb.WatchRunsResponse]{ctx: ctx, recv: cut(b.cut, recv)}, nil
}

func (b *fakeRuns) ListRuns(ctx context.Context, req *workflowpb.ListRunsRequest, _ ...grpc.CallOption) (*workflowpb.ListRunsResponse, error) {
	rows, token, err := b.list(ctx, req.GetRequest())
	m := &workflowpb.ListRunsResponse{Token: token}
	for _, r := range rows {
		m.Runs = append(m.Runs, r.run())
	}
	return m, err
}

func (r *fakeRow) action(meets bool) *workflowpb.EnrichedAction {
	return &workflowpb.EnrichedAction{MeetsFilter: meets, Action: &workflowpb.Action{
		Id: &commonpb.ActionIdentifier{Name: r.name}, Status: proto.CloneOf(r.status),
	}}
}

// WatchActions takes the rows for actions. With a filter it sends those that are RUNNING,
// and those that no longer are but were when it last sent them.
func (b *fakeRuns) WatchActions(
	ctx context.Context, req *workflowpb.WatchActionsRequest, _ ...grpc.CallOption,
) (grpc.ServerStreamingClient[workflowpb.WatchActionsResponse], error) {
	var queue []*workflowpb.EnrichedAction
	sent := map[string]bool{}
	put := func(r *fakeRow) {
		meets := len(req.GetFilter()) == 0 || r.status.GetPhase() == running
		if meets || sent[r.name] {
			queue = append(queue, r.action(meets))
			sent[r.name] = meets
		}
	}
	var next func() (*fakeRow, error)
	recv := func(ctx context.Context) (*workflowpb.WatchActionsResponse, error) {
		if next == nil {
			if err := pause(ctx, b.upTo(time.Second)); err != nil {
				return nil, err
			}
			var rows []*fakeRow
			rows, next = b.subscribe(ctx)
			for _, r := range rows {
				put(r)
			}
		}
		for len(queue) == 0 {
			r, err := next()
			if err != nil {
				return nil, err
			}
			put(r)
		}
		m := &workflowpb.WatchActionsResponse{EnrichedActions: queue}
		queue = nil
		return m, nil
	}
	return &fakeStream[workflowpb.WatchActionsResponse]{ctx: ctx, recv: cut(b.cut, recv)}, nil
}

func (b *fakeRuns) ListActions(
	ctx context.Context, req *workflowpb.ListActionsRequest, _ ...grpc.CallOption,
) (*workflowpb.ListActionsResponse, error) {
	rows, token, err := b.list(ctx, req.GetRequest())
	m := &workflowpb.ListActionsResponse{Token: token}
	for _, r := range rows {
		m.Actions = append(m.Actions, r.action(true).GetAction())
	}
	return m, err
}
