package backend

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func tailOf(run string, attempt uint32) *dataproxypb.TailLogsRequest {
	return &dataproxypb.TailLogsRequest{ActionId: actionID(run, "a0"), Attempt: attempt}
}

// linesOf returns the text of each message, and checks that it is one batch.
func linesOf(t *testing.T, got []*dataproxypb.TailLogsResponse) (messages [][]string) {
	t.Helper()
	for _, m := range got {
		if len(m.GetLogs()) != 1 {
			t.Errorf("message %v has %d batches, want 1", m, len(m.GetLogs()))
		}
		var lines []string
		for _, l := range m.GetLogs()[0].GetLines() {
			lines = append(lines, l.GetMessage())
		}
		messages = append(messages, lines)
	}
	return messages
}

func TestTailLogsFollowsTheLog(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{Steps: []Step{
			{Manual: true, Phase: running, Logs: []string{"one", "two\n"}},
			{Manual: true, Logs: []string{"three"}},
			{Manual: true, Phase: succeeded, Logs: []string{"four"}},
		}})
		w.start(t, "r1")

		// Not running yet: NotFound at once.
		_, err := rest(t, must(w.data.TailLogs(t.Context(), tailOf("r1", 1)))(t))
		wantCode(t, err, codes.NotFound)

		w.Advance()
		synctest.Wait()
		stream, err := w.data.TailLogs(t.Context(), tailOf("r1", 1))
		in := follow(t, stream, err)
		first := in.take()
		if got := linesOf(t, first); len(got) != 1 || !slices.Equal(got[0], []string{"one", "two"}) {
			t.Fatalf("at first came %q, want the lines so far in one message", got)
		}
		wantProto(t, first[0].GetLogs()[0].GetLines()[0], &dataplanepb.LogLine{
			Timestamp: timestamppb.New(time.Now()), Message: "one", Originator: dataplanepb.LogLineOriginator_USER,
		})
		if c := first[0].GetLogs()[0].GetContainer(); c != nil {
			t.Errorf("container is %v, want none", c)
		}

		w.Advance()
		if got := linesOf(t, in.take()); len(got) != 1 || !slices.Equal(got[0], []string{"three"}) {
			t.Errorf("then came %q, want the new line", got)
		}
		in.open(t)
		w.Advance()
		if got := linesOf(t, in.take()); len(got) != 1 || !slices.Equal(got[0], []string{"four"}) {
			t.Errorf("at last came %q, want the last line", got)
		}
		in.ended(t)

		// A new call begins again, and all is in one message.
		again, err := rest(t, must(w.data.TailLogs(t.Context(), tailOf("r1", 1)))(t))
		if got := linesOf(t, again); err != nil || len(got) != 1 || len(got[0]) != 4 {
			t.Errorf("afterwards came %q, %v, want all four lines", got, err)
		}
	})
}

func TestTailLogsWithoutLogsIsNotFound(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.start(t, "r1")
		time.Sleep(time.Second)
		for _, req := range []*dataproxypb.TailLogsRequest{
			{}, {Attempt: 1}, tailOf("r2", 1), tailOf("r1", 0), tailOf("r1", 2), tailOf("r1", 1<<32-1),
		} {
			_, err := rest(t, must(w.data.TailLogs(t.Context(), req))(t))
			t.Log(req)
			wantCode(t, err, codes.NotFound)
		}
		for _, sel := range []*dataproxypb.TailLogsRequest{
			{PodSelector: &dataproxypb.TailLogsRequest_AllPods{AllPods: true}},
			{PodSelector: &dataproxypb.TailLogsRequest_PrimaryPod{PrimaryPod: true}},
			{PodSelector: &dataproxypb.TailLogsRequest_PodName{PodName: "r1-a0-0"}},
			{PodSelector: &dataproxypb.TailLogsRequest_PodName{PodName: "another"}}, // the choice is ignored
		} {
			sel.ActionId, sel.Attempt = actionID("r1", "a0"), 1
			if got, err := rest(t, must(w.data.TailLogs(t.Context(), sel))(t)); err != nil || len(got) != 1 {
				t.Errorf("%v: got %v, %v", sel, got, err)
			}
		}
	})
}

func TestTailLogsEndsWithTheAttempt(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{Steps: []Step{
			{Phase: running, Logs: []string{"first"}},
			{Manual: true, NewAttempt: true},
			{Phase: running, Logs: []string{"second"}},
		}})
		w.start(t, "r1")
		synctest.Wait()
		stream, err := w.data.TailLogs(t.Context(), tailOf("r1", 1))
		in := follow(t, stream, err)
		w.Advance()
		if got := linesOf(t, in.take()); len(got) != 1 || got[0][0] != "first" {
			t.Errorf("attempt 1 wrote %q", got)
		}
		in.ended(t)
		stream, err = w.data.TailLogs(t.Context(), tailOf("r1", 2))
		in = follow(t, stream, err)
		if got := linesOf(t, in.take()); len(got) != 1 || got[0][0] != "second" {
			t.Errorf("attempt 2 wrote %q", got)
		}
		in.open(t)
		must(w.runs.AbortRun(t.Context(), &workflowpb.AbortRunRequest{RunId: runID("r1")}))(t)
		in.ended(t)
	})
}

// A long log comes in messages that any client can receive.
func TestTailLogsSplitsLongLogs(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		lines := make([]string, 2500)
		for i := range lines {
			lines[i] = fmt.Sprintf("line %d", i)
		}
		w.SetTimeline("", Timeline{Steps: []Step{{Phase: succeeded, Logs: lines}}})
		w.start(t, "r1")
		synctest.Wait()
		got, err := rest(t, must(w.data.TailLogs(t.Context(), tailOf("r1", 1)))(t))
		if messages := linesOf(t, got); err != nil || len(messages) != 3 || !slices.Equal(slices.Concat(messages...), lines) {
			t.Errorf("%d messages, %v, want 2500 lines in three", len(messages), err)
		}
	})
}

func TestRunLogsServiceCanBeOff(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		logs := workflowpb.NewRunLogsServiceClient(w.conn)
		tail := func(attempt uint32) ([]*workflowpb.TailLogsResponse, error) {
			stream, err := logs.TailLogs(t.Context(), &workflowpb.TailLogsRequest{ActionId: actionID("r1", "a0"), Attempt: attempt}) //nolint:staticcheck // it is what we test
			return rest(t, must(stream, err)(t))
		}
		_, err := tail(1)
		wantCode(t, err, codes.NotFound)
		w.start(t, "r1")
		time.Sleep(65 * time.Millisecond) // it runs now
		got, err := tail(1)
		n := 0
		for _, m := range got {
			n += len(m.GetLogs()[0].GetLines())
		}
		if err != nil || n != 3 {
			t.Errorf("got %v, %v, want three lines to the end", got, err)
		}
		_, err = tail(2)
		wantCode(t, err, codes.NotFound)

		w.ServeRunLogs(false)
		_, err = tail(1)
		wantCode(t, err, codes.Unimplemented)
		w.ServeRunLogs(true)
		_, err = tail(1)
		wantCode(t, err, codes.OK)
	})
}
