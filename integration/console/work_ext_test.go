package console_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/clientset"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/backend"
)

// training is a run with actions in every state, which does not end.
func training() backend.Timeline {
	const (
		waiting      = commonpb.ActionPhase_ACTION_PHASE_WAITING_FOR_RESOURCES
		initializing = commonpb.ActionPhase_ACTION_PHASE_INITIALIZING
		running      = commonpb.ActionPhase_ACTION_PHASE_RUNNING
		succeeded    = commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED
		failed       = commonpb.ActionPhase_ACTION_PHASE_FAILED
	)
	const beat = 40 * time.Millisecond
	full := &workflowpb.ErrorInfo{Kind: workflowpb.ErrorInfo_KIND_USER, Message: "OSError: the volume is full"}
	step := func(action string, phase commonpb.ActionPhase) backend.Step {
		return backend.Step{After: beat, Action: action, Phase: phase}
	}
	below := func(action, parent string) backend.Step {
		return backend.Step{After: beat, Action: action, New: &backend.NewAction{Parent: parent}}
	}
	return backend.Timeline{Steps: []backend.Step{
		step("", waiting), step("", initializing), {After: beat, Phase: running, Logs: []string{"starting 3 actions"}},
		below("load-data", "a0"), step("load-data", running), step("", 0), step("", 0), step("load-data", succeeded),
		{Logs: []string{"load-data has ended"}},
		below("train-1", "a0"), below("train-2", "a0"), below("train-3", "a0"), step("train-1", initializing), step("train-2", waiting),
		step("train-1", running), step("train-3", running), step("", 0), step("train-2", running),
		{After: beat, Action: "train-3", NewAttempt: true, Error: full}, step("train-3", running), step("train-1", succeeded),
		{After: beat, Logs: []string{"fold 1: loss 0.21, accuracy 0.941"}},
		below("evaluate", "train-1"), step("evaluate", running), {After: beat, Action: "train-3", Phase: failed, Error: full},
		{Manual: true},
	}}
}

// work makes calls that succeed, fail and are repeated, and starts the training.
func work(t *testing.T, s *mockserver.Server) {
	t.Helper()
	s.Backend().SetTimeline("", training())
	cs, err := clientset.ForAPIKey(s.APIKey())
	if err != nil {
		t.Fatal(err)
	}
	defer cs.Close()
	list := func() {
		_, _ = cs.Project().ListProjects(t.Context(), &projectpb.ListProjectsRequest{}) // some fail on purpose
	}
	list()
	s.Script().RevokeTokens()
	list()
	s.Script().FailNext("*", 1, codes.Unavailable, "the node is draining")
	list()
	for _, name := range []string{"nightly-11", "nightly-12"} {
		if _, err := cs.Run().CreateRun(t.Context(), &workflowpb.CreateRunRequest{
			Id:   &workflowpb.CreateRunRequest_RunId{RunId: &commonpb.RunIdentifier{Project: "demo", Domain: "development", Name: name}},
			Task: &workflowpb.CreateRunRequest_TaskSpec{TaskSpec: &taskpb.TaskSpec{TaskTemplate: &corepb.TaskTemplate{}}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	s.Script().FailNext("*", 1, codes.PermissionDenied, "no rights on project demo")
	list()
}
