package follow_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// fakeAction is a backend with one action and its log.
type fakeAction struct {
	*random

	cut     *scissors // of watches and tails
	asks    *scissors // of other calls
	missing bool      // DataProxyService.TailLogs

	mu       sync.Mutex
	details  *workflowpb.ActionDetails
	lines    []*dataplanepb.LogLine
	logged   bool // there is a log
	complete bool // of which nothing more is to come
	pods     []string
	changed  chan struct{}
	tails    int
}

func newFakeAction(r *random, cuts int) *fakeAction {
	return &fakeAction{
		random: r, cut: &scissors{random: r, left: cuts}, asks: &scissors{random: r, left: cuts / 2}, changed: make(chan struct{}), pods: []string{""},
		details: &workflowpb.ActionDetails{Status: &workflowpb.ActionStatus{Phase: queued, Attempts: 1}},
	}
}

func (b *fakeAction) change(do func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	do()
	close(b.changed)
	b.changed = make(chan struct{})
}

// enter moves the status, the attempt, or both.
func (b *fakeAction) enter(status, attempt commonpb.ActionPhase) {
	b.change(func() {
		b.details = proto.CloneOf(b.details)
		if status != 0 {
			b.details.Status.Phase = status
		}
		if attempt == 0 {
			return
		}
		n := int(b.details.GetStatus().GetAttempts())
		for len(b.details.Attempts) < n {
			b.details.Attempts = append(b.details.Attempts, &workflowpb.ActionAttempt{Attempt: uint32(len(b.details.Attempts) + 1)})
		}
		a := b.details.Attempts[n-1]
		a.Phase = attempt
		if attempt >= done && attempt <= aborted {
			a.EndTime = timestamppb.Now()
		}
	})
}

// live plays a life of the action: an attempt that may fail and be followed by another,
// statuses that follow late, and a log.
func (b *fakeAction) live() {
	for _, p := range []commonpb.ActionPhase{waiting, initializing} {
		time.Sleep(b.upTo(3 * time.Second))
		b.enter(p, p)
	}
	time.Sleep(b.upTo(3 * time.Second))
	b.enter(running, running)
	b.change(func() { b.logged = true })
	n := 40 + b.n(100)
	if b.n(8) == 0 {
		n += 2500 // more than a tail holds on to
	}
	b.write(n)
	b.change(func() { b.complete = true })
	time.Sleep(b.upTo(2 * time.Second))
	if b.n(3) == 0 { // another attempt
		b.enter(0, failed)
		time.Sleep(b.upTo(30 * time.Second))
		b.change(func() {
			b.details = proto.CloneOf(b.details)
			b.details.Status.Attempts++
			b.details.Status.Phase = queued
		})
		time.Sleep(b.upTo(5 * time.Second))
		b.enter(running, running)
		time.Sleep(b.upTo(5 * time.Second))
	}
	b.enter(0, done)
	time.Sleep(b.upTo(15 * time.Second))
	b.enter(done, 0)
}

// write writes n lines and, somewhere, five equal ones at one time; now and then a line
// that is earlier than the one before.
func (b *fakeAction) write(n int) {
	five := b.n(n)
	for i := range n {
		if b.n(3) == 0 {
			time.Sleep(b.upTo(time.Second))
		}
		at := time.Now()
		if b.n(8) == 0 {
			at = at.Add(-b.upTo(800 * time.Millisecond))
		}
		times, text := 1, fmt.Sprintf("line %d\n", b.n(20)) // of few texts, so that some are equal
		if i == five {
			times, text = 5, "the same again\r\n"
		}
		pod := b.pods[b.n(len(b.pods))]
		for range times {
			b.change(func() {
				b.lines = append(b.lines, &dataplanepb.LogLine{Timestamp: timestamppb.New(at.Truncate(10 * time.Millisecond)), Message: text, ShortPodName: pod})
			})
		}
	}
}

func (b *fakeAction) WatchActionDetails(
	ctx context.Context, _ *workflowpb.WatchActionDetailsRequest, _ ...grpc.CallOption,
) (grpc.ServerStreamingClient[workflowpb.WatchActionDetailsResponse], error) {
	var sent *workflowpb.ActionDetails
	recv := func(ctx context.Context) (*workflowpb.WatchActionDetailsResponse, error) {
		if err := pause(ctx, b.upTo(300*time.Millisecond)); err != nil {
			return nil, err
		}
		for {
			b.mu.Lock()
			now, changed := b.details, b.changed
			b.mu.Unlock()
			last := sent.GetAttempts()
			switch {
			case sent != nil && len(last) > 0 && last[len(last)-1].GetEndTime() != nil:
				return nil, io.EOF // with the attempt, as real backends do
			case now != sent:
				sent = now
				return &workflowpb.WatchActionDetailsResponse{Details: proto.CloneOf(now)}, nil
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return nil, status.FromContextError(ctx.Err()).Err()
			}
		}
	}
	return &fakeStream[workflowpb.WatchActionDetailsResponse]{ctx: ctx, recv: cut(b.cut, recv)}, nil
}

func (b *fakeAction) GetActionDetails(
	ctx context.Context, _ *workflowpb.GetActionDetailsRequest, _ ...grpc.CallOption,
) (*workflowpb.GetActionDetailsResponse, error) {
	if err := pause(ctx, b.upTo(100*time.Millisecond)); err != nil {
		return nil, err
	}
	if b.n(3) == 0 && b.asks.take() {
		if b.n(2) == 0 {
			return nil, pause(ctx, time.Hour) // hangs
		}
		return nil, status.Error(codes.Unavailable, "connection refused")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return &workflowpb.GetActionDetailsResponse{Details: proto.CloneOf(b.details)}, nil
}

// tail returns what a tail receives, in batches.
func (b *fakeAction) tail(ctx context.Context) func() ([]*dataplanepb.LogLine, error) {
	sent := 0
	b.mu.Lock()
	b.tails++
	b.mu.Unlock()
	return func() ([]*dataplanepb.LogLine, error) {
		if err := pause(ctx, b.upTo(100*time.Millisecond)); err != nil {
			return nil, err
		}
		for {
			b.mu.Lock()
			logged, complete, changed := b.logged, b.complete, b.changed
			all := b.lines
			b.mu.Unlock()
			switch {
			case !logged:
				return nil, status.Error(codes.NotFound, "no logs yet")
			case sent < len(all):
				n := 1 + b.n(min(len(all)-sent, 30+len(all)/10))
				lines := make([]*dataplanepb.LogLine, 0, n)
				for _, l := range all[sent : sent+n] {
					lines = append(lines, proto.CloneOf(l))
				}
				sent += n
				return lines, nil
			case complete:
				return nil, io.EOF
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return nil, status.FromContextError(ctx.Err()).Err()
			}
		}
	}
}

// howTail returns how a tail is cut: as if it were complete only while the attempt runs,
// since afterwards such an end is the end.
func (b *fakeAction) howTail() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	how := cuts[b.n(len(cuts))]
	over := b.details.GetStatus().GetAttempts() > 1 || b.details.GetStatus().GetPhase() == done
	if a := b.details.GetAttempts(); errors.Is(how, io.EOF) && (over || len(a) > 0 && a[0].GetEndTime() != nil) {
		return cuts[0]
	}
	return how
}

// proxy and older are the two services that have logs.
type (
	proxy struct{ *fakeAction }
	older struct{ *fakeAction }
)

func (b proxy) TailLogs(
	ctx context.Context, _ *dataproxypb.TailLogsRequest, _ ...grpc.CallOption,
) (grpc.ServerStreamingClient[dataproxypb.TailLogsResponse], error) {
	if b.missing {
		return nil, status.Error(codes.Unimplemented, "unknown method TailLogs")
	}
	next := b.tail(ctx)
	recv := func(context.Context) (*dataproxypb.TailLogsResponse, error) {
		lines, err := next()
		if err != nil {
			return nil, err
		}
		m := &dataproxypb.TailLogsResponse{}
		for len(lines) > 0 { // in one batch or in several
			n := 1 + b.n(len(lines))
			m.Logs = append(m.Logs, &dataproxypb.TailLogsResponse_Logs{Lines: lines[:n]})
			lines = lines[n:]
		}
		return m, nil
	}
	return &fakeStream[dataproxypb.TailLogsResponse]{ctx: ctx, recv: cutBy(b.cut, b.howTail(), recv)}, nil
}

func (b older) TailLogs(
	ctx context.Context, _ *workflowpb.TailLogsRequest, _ ...grpc.CallOption,
) (grpc.ServerStreamingClient[workflowpb.TailLogsResponse], error) {
	next := b.tail(ctx)
	recv := func(context.Context) (*workflowpb.TailLogsResponse, error) {
		lines, err := next()
		return &workflowpb.TailLogsResponse{Logs: []*workflowpb.TailLogsResponse_Logs{{Lines: lines}}}, err
	}
	return &fakeStream[workflowpb.TailLogsResponse]{ctx: ctx, recv: cutBy(b.cut, b.howTail(), recv)}, nil
}
