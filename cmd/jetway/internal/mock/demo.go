package mock

import (
	"errors"
	"time"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver/backend"
)

// The project of --demo, the domain of its tasks, and the tasks: one that succeeds, and
// one that fails.
const (
	demoProject = "demo"
	demoDomain  = "development"
	demoHello   = "hello"
	demoBroken  = "broken"
)

// demo fills the backend with something to try. What a start before has left, and clients may
// have changed since, stays.
func demo(b *backend.Backend) error {
	if !b.HasProject(demoProject) {
		b.AddProject(backend.Project{ID: demoProject, Name: demoProject, Description: "to try things out"})
	}
	b.SetTimeline(demoHello, helloTimeline())
	b.SetTimeline(demoBroken, brokenTimeline())
	var errs []error
	for _, name := range []string{demoBroken, demoHello} {
		task := demoTask(name)
		if _, present := b.TaskSpec(task.GetTaskId()); !present {
			errs = append(errs, b.AddTask(task))
		}
	}
	return errors.Join(errs...)
}

// demoTask takes a name, and how often to greet.
func demoTask(name string) *taskpb.DeployTaskRequest {
	return &taskpb.DeployTaskRequest{
		TaskId: &taskpb.TaskIdentifier{Project: demoProject, Domain: demoDomain, Name: name, Version: "v1"},
		Spec: &taskpb.TaskSpec{TaskTemplate: &corepb.TaskTemplate{
			Type: "python",
			Interface: &corepb.TypedInterface{
				Inputs:  variables("name", corepb.SimpleType_STRING, "times", corepb.SimpleType_INTEGER),
				Outputs: variables("greeting", corepb.SimpleType_STRING),
			},
		}},
	}
}

// variables are pairs of a name and a type.
func variables(pairs ...any) *corepb.VariableMap {
	out := &corepb.VariableMap{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		kind, _ := pairs[i+1].(corepb.SimpleType)
		out.Variables = append(out.Variables, &corepb.VariableEntry{Key: name, Value: &corepb.Variable{
			Type: &corepb.LiteralType{Type: &corepb.LiteralType_Simple{Simple: kind}},
		}})
	}
	return out
}

const demoBeat = 300 * time.Millisecond

// toRunning are the steps of a run until it is running.
func toRunning() []backend.Step {
	return []backend.Step{
		{After: demoBeat, Phase: commonpb.ActionPhase_ACTION_PHASE_WAITING_FOR_RESOURCES},
		{After: demoBeat, Phase: commonpb.ActionPhase_ACTION_PHASE_INITIALIZING},
		{After: demoBeat, Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING, Logs: []string{"looking for words"}},
	}
}

// helloTimeline takes some seconds, with two actions side by side.
func helloTimeline() backend.Timeline {
	below := func(action string) backend.Step {
		return backend.Step{After: demoBeat, Action: action, New: &backend.NewAction{Parent: "a0"}}
	}
	return backend.Timeline{Steps: append(toRunning(),
		below("words"), below("voice"),
		backend.Step{After: demoBeat, Action: "words", Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING, Logs: []string{"found 1 of 2"}},
		backend.Step{After: demoBeat, Action: "voice", Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING, Logs: []string{"tuning"}},
		backend.Step{After: 2 * demoBeat, Action: "words", Phase: commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED, Logs: []string{"found 2 of 2"}},
		backend.Step{After: 2 * demoBeat, Action: "voice", Phase: commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED, Logs: []string{"in tune"}},
		backend.Step{After: demoBeat, Logs: []string{"hello"}},
		backend.Step{
			After: demoBeat, Phase: commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED, Logs: []string{"done"},
			Report: []byte("<html><body><h1>hello</h1></body></html>\n"),
			Outputs: &taskpb.Outputs{Literals: []*taskpb.NamedLiteral{{Name: "greeting", Value: &corepb.Literal{
				Value: &corepb.Literal_Scalar{Scalar: &corepb.Scalar{Value: &corepb.Scalar_Primitive{
					Primitive: &corepb.Primitive{Value: &corepb.Primitive_StringValue{StringValue: "hello"}},
				}}},
			}}}},
		},
	)}
}

// brokenTimeline fails at the second attempt.
func brokenTimeline() backend.Timeline {
	const text = "ValueError: there is no such voice"
	why := &workflowpb.ErrorInfo{Kind: workflowpb.ErrorInfo_KIND_USER, Message: text}
	return backend.Timeline{Steps: append(toRunning(),
		backend.Step{After: demoBeat, NewAttempt: true, Error: why, Logs: []string{text}},
		backend.Step{After: demoBeat, Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING, Logs: []string{"trying once more"}},
		backend.Step{After: demoBeat, Phase: commonpb.ActionPhase_ACTION_PHASE_FAILED, Error: why, Logs: []string{text}},
	)}
}
