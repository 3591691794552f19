package main

import (
	"fmt"
	"time"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/values"
)

// taskName is the task that the tour deploys and runs.
const taskName = "hello.greet"

// greet is the task: it takes a name and returns a greeting.
func greet() *taskpb.TaskSpec {
	text := func(name string) *corepb.VariableMap {
		return &corepb.VariableMap{Variables: []*corepb.VariableEntry{{
			Key:   name,
			Value: &corepb.Variable{Type: &corepb.LiteralType{Type: &corepb.LiteralType_Simple{Simple: corepb.SimpleType_STRING}}},
		}}}
	}
	return &taskpb.TaskSpec{ShortName: "greet", TaskTemplate: &corepb.TaskTemplate{
		Interface: &corepb.TypedInterface{Inputs: text("name"), Outputs: text("o0")},
	}}
}

// played is what the mock does instead of running the task: it goes through the usual
// phases, writes a log that takes more than one message, and returns a greeting.
func played() (backend.Timeline, error) {
	outputs, err := values.Outputs(map[string]any{"o0": "hello, ada"})
	if err != nil {
		return backend.Timeline{}, err
	}
	const beat = 20 * time.Millisecond
	work := make([]string, 1200)
	for i := range work {
		work[i] = fmt.Sprintf("greeting number %d", i+1)
	}
	return backend.Timeline{Steps: []backend.Step{
		{After: beat, Phase: commonpb.ActionPhase_ACTION_PHASE_INITIALIZING},
		{After: beat, Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING, Logs: work},
		{
			After: beat, Phase: commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED, Outputs: outputs,
			Logs: []string{"task finished"}, Report: []byte("<html><body>task finished</body></html>\n"),
		},
	}}, nil
}
