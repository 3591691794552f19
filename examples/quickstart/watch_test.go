package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

const (
	running   = commonpb.ActionPhase_ACTION_PHASE_RUNNING
	failed    = commonpb.ActionPhase_ACTION_PHASE_FAILED
	succeeded = commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED
)

// lagging is a run whose status follows its only attempt after lag.
func lagging(lag time.Duration) backend.Timeline {
	const beat = 50 * time.Millisecond // longer than a status takes to follow its attempt
	return backend.Timeline{Steps: []backend.Step{
		{After: beat, Phase: running, Logs: []string{"task finished"}, Report: []byte("<html></html>")},
		{After: beat, Attempt: succeeded},
		{After: lag, Phase: succeeded},
	}}
}

// started is a tour in memory that has just created a run with this timeline.
func started(t *testing.T, timeline backend.Timeline) *tour {
	t.Helper()
	mock := mocktest.New(t, mockserver.WithProject("demo"), mockserver.WithInMemory())
	mock.Backend().SetTimeline("", timeline)
	cs, err := clientset.ForAPIKey(mock.APIKey(), clientset.WithInsecure(),
		clientset.WithDialOptions(mock.DialOption()), clientset.WithHTTPClient(mock.HTTPClient()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cs.Close() })
	on := &tour{mock: mock, cs: cs, project: &commonpb.ProjectIdentifier{Name: "demo", Domain: "development"}}
	for _, do := range []func(context.Context, *tour) (string, error){deployTask, createRun} {
		if _, err := do(t.Context(), on); err != nil {
			t.Fatal(err)
		}
	}
	return on
}

// looks is how often the tour asked for the run's details.
func looks(t *tour) (n int) {
	for _, r := range t.mock.Requests() {
		if r.Method == workflowpb.RunService_GetActionDetails_FullMethodName {
			n++
		}
	}
	return n
}

func TestWatchWaitsForATerminalStatus(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		steps   []backend.Step
		phases  string
		err     string
		attempt uint32
	}{
		"the status follows":         {lagging(10 * time.Second).Steps, "queued running succeeded", "", 1},
		"the status does not linger": {lagging(0).Steps, "queued running succeeded", "", 1},
		"another attempt follows": {[]backend.Step{
			{After: time.Second, Phase: running},
			{After: time.Second, Attempt: failed},
			{After: 5 * time.Second, NewAttempt: true, Phase: running},
			{After: time.Second, Attempt: succeeded},
			{After: 5 * time.Second, Phase: succeeded},
		}, "queued running succeeded", "", 2},
		"no other attempt follows": {[]backend.Step{
			{After: time.Second, Phase: running},
			{After: time.Second, Attempt: failed},
			{After: 5 * time.Second, Phase: failed},
		}, "", "the run ended failed", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				on := started(t, backend.Timeline{Steps: tc.steps})
				phases, err := watch(t.Context(), on)
				if got := strings.Join(phases, " "); got != tc.phases || on.attempt != tc.attempt {
					t.Errorf("phases %q, attempt %d; want %q and %d", got, on.attempt, tc.phases, tc.attempt)
				}
				if (err == nil) != (tc.err == "") || err != nil && err.Error() != tc.err {
					t.Errorf("error %v, want %q", err, tc.err)
				}
				if n := looks(on); n > 20 {
					t.Errorf("looked %d times in some ten seconds", n)
				}
			})
		})
	}
}

// The pauses between the polls grow.
func TestWatchEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		on := started(t, lagging(1000*time.Hour))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		began := time.Now()
		_, err := watch(ctx, on)
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("waited for %v", took)
		}
		if !errors.Is(err, context.DeadlineExceeded) && status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("error %v", err)
		}
		if n := looks(on); n < 10 || n > 25 {
			t.Errorf("looked %d times in half a minute, want a look every other second and some at first", n)
		}
	})
}
