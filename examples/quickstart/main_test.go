package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTourSucceedsOnWhatTheMockAndCurrentServersMount(t *testing.T) {
	t.Parallel()
	for services, version := range map[mockserver.Services]string{
		mockserver.All: "version mock", mockserver.Current: "none: the server is not of Flyte 1",
	} {
		t.Run(string(services), func(t *testing.T) {
			t.Parallel()
			tourSucceeds(t, services, version)
		})
	}
}

func tourSucceeds(t *testing.T, services mockserver.Services, version string) {
	t.Helper()
	var out strings.Builder
	if err := run(t.Context(), &out, services); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	t.Log("\n" + out.String())
	if n := strings.Count(out.String(), "token requests: "); n != len(steps()) {
		t.Errorf("%d lines, want one for each of %d steps", n, len(steps()))
	}
	for _, want := range []string{
		"client credentials, at the discovered 127.0.0.1:", "succeeded", "1201 lines, the last: task finished", `ada: "hello, ada"`,
		"hello.txt, 27 bytes", "1000 calls at once, none failed", "all 18 steps succeeded, 4 token requests in all", version,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output says nothing of %q", want)
		}
	}
	columns := map[int]bool{}
	for line := range strings.Lines(out.String()) {
		if before, _, ok := strings.Cut(line, "token requests: "); ok {
			columns[utf8.RuneCountInString(before)] = true
		}
	}
	if len(columns) != 1 {
		t.Errorf("the lines are not aligned:\n%s", &out)
	}
}

func TestTourSucceedsOnBackendsThatDiffer(t *testing.T) {
	t.Parallel()
	usual, err := played()
	if err != nil {
		t.Fatal(err)
	}
	outputs := usual.Steps[len(usual.Steps)-1].Outputs
	for name, differ := range map[string]func(*mockserver.Server){
		"the status follows the last attempt": func(m *mockserver.Server) {
			timeline := lagging(100 * time.Millisecond)
			timeline.Steps[len(timeline.Steps)-1].Outputs = outputs
			m.Backend().SetTimeline("", timeline)
		},
		"no RunLogsService": func(m *mockserver.Server) { m.Backend().ServeRunLogs(false) },
		"logs in RunLogsService only": func(m *mockserver.Server) {
			m.Script().FailNext(dataproxypb.DataProxyService_TailLogs_FullMethodName, 1, codes.Unimplemented, "unknown method TailLogs")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := mocktest.New(t, mockserver.WithProject("demo"))
			mock.Backend().SetTimeline("", usual)
			differ(mock)
			var out strings.Builder
			if err := visit(t.Context(), &out, mock); err != nil {
				t.Fatalf("%v\n%s", err, &out)
			}
			for _, want := range []string{"succeeded  ", "lines, the last: task finished", "all 18 steps succeeded, 4 token requests in all"} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the output says nothing of %q:\n%s", want, &out)
				}
			}
		})
	}
}

func TestTourEndsAtTheFirstFailure(t *testing.T) {
	t.Parallel()
	cause := errors.New("went wrong")
	for name, s := range map[string]step{
		"a step that fails":            {"step", 0, func(context.Context, *tour) (string, error) { return "", cause }},
		"a step with too many logins":  {"step", 0, func(ctx context.Context, t *tour) (string, error) { return "", t.cs.Login(ctx) }},
		"a step with too few of them":  {"step", 1, func(context.Context, *tour) (string, error) { return "done", nil }},
		"a step that was not finished": {"step", 0, func(ctx context.Context, _ *tour) (string, error) { return "", context.Cause(ctx) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tour := &tour{mock: mocktest.New(t)}
			if _, err := decodeAPIKey(t.Context(), tour); err != nil {
				t.Fatal(err)
			}
			defer tour.cs.Close()
			ctx, cancel := context.WithCancelCause(t.Context())
			if strings.Contains(name, "finished") {
				cancel(cause)
			}
			defer cancel(nil)
			var out strings.Builder
			if err := take(ctx, &out, tour, s); err == nil || !strings.Contains(out.String(), "FAILED: ") {
				t.Errorf("error %v and line %q, want a failure", err, out.String())
			}
		})
	}
}
