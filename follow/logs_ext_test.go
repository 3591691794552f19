package follow_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/jetway-go/jetway/follow"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// tails is a data proxy whose tails are written down: a text is a line, of one second
// after the line before.
type tails struct {
	scripts  [][]any
	opened   []time.Time
	attempts []uint32
}

func (s *tails) TailLogs(
	ctx context.Context, req *dataproxypb.TailLogsRequest, _ ...grpc.CallOption,
) (grpc.ServerStreamingClient[dataproxypb.TailLogsResponse], error) {
	var script []any
	if n := len(s.opened); n < len(s.scripts) {
		script = s.scripts[n]
	}
	s.opened, s.attempts = append(s.opened, time.Now()), append(s.attempts, req.GetAttempt())
	second := int64(0)
	recv := func(ctx context.Context) (*dataproxypb.TailLogsResponse, error) {
		for len(script) > 0 {
			word := script[0]
			script = script[1:]
			switch word := word.(type) {
			case string:
				second++
				return oneLine(second, word), nil
			case *dataproxypb.TailLogsResponse:
				return word, nil
			}
			if _, err := answer(ctx, word); err != nil {
				return nil, err
			}
		}
		return nil, io.EOF
	}
	return &fakeStream[dataproxypb.TailLogsResponse]{ctx: ctx, recv: recv}, nil
}

func oneLine(second int64, text string) *dataproxypb.TailLogsResponse {
	return &dataproxypb.TailLogsResponse{Logs: []*dataproxypb.TailLogsResponse_Logs{{Lines: []*dataplanepb.LogLine{{
		Timestamp: &timestamppb.Timestamp{Seconds: second}, Message: text,
	}}}}}
}

// texts returns what a tail yields.
func texts(ctx context.Context, from follow.LogClients, req *dataproxypb.TailLogsRequest, opts ...follow.Option) (all []string, err error) {
	for l, e := range follow.TailLogs(ctx, from, req, opts...) {
		if err = e; e == nil {
			all = append(all, l.Text)
		}
	}
	return all, err
}

func TestTailLogsEndsWithTheAttempt(t *testing.T) {
	t.Parallel()
	over := inPhase(running)
	over.Attempts = []*workflowpb.ActionAttempt{{Attempt: 1, Phase: done}}
	second := inPhase(running)
	second.Status.Attempts = 2
	for name, tc := range map[string]struct {
		scripts [][]any
		details []any
		opened  int
		want    string
	}{
		"that had ended before":      {[][]any{{"a", "b"}}, []any{done}, 1, "a b"},
		"whose record has ended":     {[][]any{{"a", "b"}}, []any{over}, 1, "a b"},
		"that another one follows":   {[][]any{{"a", "b"}}, []any{second}, 1, "a b"},
		"that ends meanwhile":        {[][]any{{"a"}, {"a", "b"}}, []any{running, done}, 2, "a b"},
		"whose end is recorded late": {[][]any{{"a"}, {"a", "b"}}, []any{running, running, running, done}, 2, "a b"},
		"that goes on":               {[][]any{{"a"}, {"a", "b"}}, []any{running, running, running, running, running, running, done}, 2, "a b"},
		"after a cut":                {[][]any{{"a", codes.Unavailable}, {"a", "b"}}, []any{running, done}, 2, "a b"},
		"and a silent stream":        {[][]any{{"a", errHangs}, {"a", "b"}}, []any{running, done}, 2, "a b"},
		"of which nothing is known":  {[][]any{{"a"}, {"a", "b"}}, []any{codes.Unavailable, done}, 1, "a"},
		"without a line":             {[][]any{{}}, []any{done}, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &tails{scripts: tc.scripts}
				got, err := texts(t.Context(), follow.LogClients{DataProxy: s, Run: &scripted{details: tc.details}}, &dataproxypb.TailLogsRequest{Attempt: 1})
				if err != nil || strings.Join(got, " ") != tc.want || len(s.opened) != tc.opened {
					t.Errorf("%q, %v with %d streams; want %q with %d", got, err, len(s.opened), tc.want, tc.opened)
				}
			})
		})
	}
}

func TestALogMayBeLate(t *testing.T) {
	t.Parallel()
	const no = codes.NotFound
	late := func(n int, then ...any) [][]any { return append(slices.Repeat([][]any{{no}}, n), then) }
	for name, tc := range map[string]struct {
		scripts [][]any
		details []any
		opts    []follow.Option
		opened  int
		took    time.Duration
		err     error
	}{
		"in time":                 {late(4, "a"), []any{running, running, running, running, done}, nil, 5, 8 * time.Second, nil},
		"too late":                {late(9, "a"), []any{running}, nil, 5, 8 * time.Second, follow.ErrNoLogs},
		"too late by option":      {late(9, "a"), []any{running}, []follow.Option{follow.WithLogGrace(2, time.Minute)}, 2, time.Minute, follow.ErrNoLogs},
		"as late as it will":      {late(99, "a"), append(slices.Repeat([]any{any(running)}, 99), done), []follow.Option{follow.WithLogGrace(0, time.Second)}, 100, 99 * time.Second, nil},
		"while the phase moves":   {late(8, "a"), []any{queued, queued, queued, waiting, waiting, waiting, initializing, initializing, done}, nil, 9, 16 * time.Second, nil},
		"lines begin it anew":     {append(late(4, "a", codes.Unavailable), late(4, "a", "b")...), append(slices.Repeat([]any{any(running)}, 9), done), []follow.Option{follow.WithBackoff(1, 1)}, 10, 16 * time.Second, nil},
		"gone after some lines":   {append([][]any{{"a", codes.Unavailable}}, late(9)...), []any{running}, []follow.Option{follow.WithBackoff(1, 1)}, 6, 8 * time.Second, follow.ErrNoLogs},
		"the action is not there": {late(9, "a"), []any{no}, nil, 0, 0, status.Error(no, "as scripted")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, start := &tails{scripts: tc.scripts}, time.Now()
				_, err := texts(t.Context(), follow.LogClients{DataProxy: s, Run: &scripted{details: tc.details}}, &dataproxypb.TailLogsRequest{Attempt: 1}, tc.opts...)
				if took := time.Since(start).Round(time.Second); !errors.Is(err, tc.err) || len(s.opened) != tc.opened || took != tc.took {
					t.Errorf("%v after %v and %d streams; want %v after %v and %d", err, took, len(s.opened), tc.err, tc.took, tc.opened)
				}
				if tc.err != nil && status.Code(err) != codes.NotFound {
					t.Errorf("code %v", status.Code(err))
				}
			})
		})
	}
}

func TestAttemptZeroIsTheLatest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		third := inPhase(done)
		third.Status.Attempts = 3
		s, req := &tails{scripts: [][]any{{"a"}}}, &dataproxypb.TailLogsRequest{}
		if _, err := texts(t.Context(), follow.LogClients{DataProxy: s, Run: &scripted{details: []any{third}}}, req); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.attempts, []uint32{3}) || req.GetAttempt() != 0 {
			t.Errorf("attempts %v; the caller's request %v", s.attempts, req)
		}
	})
}

func TestOnlyWhatRunLogsServiceCanServeIsAskedThere(t *testing.T) {
	t.Parallel()
	connector := "grpc.example.com"
	for name, tc := range map[string]struct {
		req    *dataproxypb.TailLogsRequest
		served bool
	}{
		"any pod":     {&dataproxypb.TailLogsRequest{}, true},
		"primary pod": {&dataproxypb.TailLogsRequest{PodSelector: &dataproxypb.TailLogsRequest_PrimaryPod{PrimaryPod: true}}, true},
		"all pods":    {&dataproxypb.TailLogsRequest{PodSelector: &dataproxypb.TailLogsRequest_AllPods{AllPods: true}}, false},
		"one pod":     {&dataproxypb.TailLogsRequest{PodSelector: &dataproxypb.TailLogsRequest_PodName{PodName: "x"}}, false},
		"a connector": {&dataproxypb.TailLogsRequest{ConnectorEndpoint: &connector}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newFakeAction(newRandom(1), 0)
				b.missing = true
				b.live()
				got, err := texts(t.Context(), follow.LogClients{DataProxy: proxy{b}, Run: b, RunLogs: older{b}}, tc.req)
				if tc.served && (err != nil || len(got) != len(b.lines)) || !tc.served && status.Code(err) != codes.Unimplemented {
					t.Errorf("%d lines, %v", len(got), err)
				}
				if _, err := texts(t.Context(), follow.LogClients{DataProxy: proxy{b}, Run: b}, tc.req); status.Code(err) != codes.Unimplemented {
					t.Errorf("without RunLogsService: %v", err)
				}
			})
		})
	}
}

func TestALineHasWhatTheBackendSaysOfIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		container := &dataplanepb.ContainerIdentifier{KubernetesPodName: "r1-a0-0", KubernetesContainerName: "main"}
		at := time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)
		m := &dataproxypb.TailLogsResponse{Logs: []*dataproxypb.TailLogsResponse_Logs{{Container: container}}}
		want := []string{"plain", "unix", "windows", "two\n", "", "progress\r", ""}
		for i, text := range []string{"plain", "unix\n", "windows\r\n", "two\n\n", "\n", "progress\r", ""} {
			m.Logs[0].Lines = append(m.Logs[0].Lines, &dataplanepb.LogLine{
				Timestamp: timestamppb.New(at.Add(time.Duration(i))), Message: text, Originator: dataplanepb.LogLineOriginator_SYSTEM, ShortPodName: "p0",
			})
		}
		i := 0
		from := follow.LogClients{DataProxy: &tails{scripts: [][]any{{m}}}, Run: &scripted{details: []any{done}}}
		for l, err := range follow.TailLogs(t.Context(), from, &dataproxypb.TailLogsRequest{Attempt: 1}) {
			if err != nil {
				t.Fatal(err)
			}
			exp := follow.Line{
				Time: at.Add(time.Duration(i)), Text: want[i], Originator: dataplanepb.LogLineOriginator_SYSTEM, Source: l.Source,
			}
			if l != exp || *l.Source != (follow.Source{Pod: "p0", Container: container}) {
				t.Errorf("%+v, want %+v", l, exp)
			}
			i++
		}
		if i != len(want) {
			t.Errorf("%d lines", i)
		}
	})
}

// Logs whose lines have no usable time are resumed by counting.
func TestLinesWithoutTimesSurviveCuts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var first, again []any
		for range 30_000 {
			again = append(again, oneLine(0, "tick"))
		}
		again = append(again, oneLine(0, "tock"))
		first = append(slices.Clone(again[:25_000]), codes.Unavailable)
		s := &tails{scripts: [][]any{first, again}}
		got, err := texts(t.Context(), follow.LogClients{DataProxy: s, Run: &scripted{details: []any{done}}}, &dataproxypb.TailLogsRequest{Attempt: 1})
		if err != nil || len(got) != 30_001 || got[30_000] != "tock" || got[29_999] != "tick" {
			t.Errorf("%d lines, %v", len(got), err)
		}
	})
}

func TestLeavingATailEndsItsStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &tails{scripts: [][]any{{"a", "b", errHangs}}}
		for l, err := range follow.TailLogs(t.Context(), follow.LogClients{DataProxy: s, Run: &scripted{details: []any{running}}}, &dataproxypb.TailLogsRequest{
			ActionId: &commonpb.ActionIdentifier{Run: runID(), Name: "a1"}, Attempt: 1,
		}) {
			if err != nil || l.Text == "b" {
				break
			}
		}
	})
}

// Five equal lines, and one that is out of order, are cut at each place.
func TestEqualLinesAndLinesOutOfOrderSurviveACutAnywhere(t *testing.T) {
	t.Parallel()
	all := []any{
		oneLine(10, "a"), oneLine(12, "same"), oneLine(12, "same"), oneLine(12, "same"), oneLine(12, "same"), oneLine(12, "same"),
		oneLine(11, "late"), oneLine(12, "same but not quite"), oneLine(13, "z"),
	}
	const want = "a,same,same,same,same,same,late,same but not quite,z"
	for first := range all {
		for second := range all {
			synctest.Test(t, func(t *testing.T) {
				s := &tails{scripts: [][]any{
					append(slices.Clone(all[:first]), codes.Unavailable), append(slices.Clone(all[:second]), codes.Unavailable), all,
				}}
				got, err := texts(t.Context(), follow.LogClients{DataProxy: s, Run: &scripted{details: []any{done}}}, &dataproxypb.TailLogsRequest{Attempt: 1})
				if err != nil || strings.Join(got, ",") != want {
					t.Errorf("cut after %d and %d lines: %q, %v", first, second, got, err)
				}
			})
		}
	}
}

// A backend may send a log that it has stored in the order of time, and not as it came.
func TestALogMayComeAgainInAnotherOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		again := []any{oneLine(10, "a"), oneLine(11, "late"), oneLine(12, "same"), oneLine(12, "same"), oneLine(12, "same")}
		s := &tails{scripts: [][]any{{again[0], again[2], again[3], codes.Unavailable}, again}}
		got, err := texts(t.Context(), follow.LogClients{DataProxy: s, Run: &scripted{details: []any{done}}}, &dataproxypb.TailLogsRequest{Attempt: 1})
		if want := "a,same,same,late,same"; err != nil || strings.Join(got, ",") != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	})
}

// The zero time says that there is none; the beginning of 1970 is another one.
func TestALineWithoutATimeHasNone(t *testing.T) {
	t.Parallel()
	message := oneLine(0, "at the beginning")
	message.Logs[0].Lines = append(message.GetLogs()[0].GetLines(), &dataplanepb.LogLine{Message: "at no time"})
	from := follow.LogClients{DataProxy: &tails{scripts: [][]any{{message}}}, Run: &scripted{details: []any{done}}}
	want := []time.Time{time.Unix(0, 0).UTC(), {}}
	for l, err := range follow.TailLogs(t.Context(), from, &dataproxypb.TailLogsRequest{Attempt: 1}) {
		if err != nil || l.Time != want[0] || l.Time.IsZero() != want[0].IsZero() {
			t.Errorf("%q: %v, %v; want %v", l.Text, l.Time, err, want[0])
		}
		want = want[1:]
	}
}
