package backend

import (
	"errors"
	"time"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// keptStep is a Step as it is kept; messages are serialized, and nil if there are none.
type keptStep struct {
	After         time.Duration        `json:",omitempty"`
	Manual        bool                 `json:",omitempty"`
	Await         string               `json:",omitempty"`
	Action        string               `json:",omitempty"`
	New           *keptNew             `json:",omitempty"`
	NewAttempt    bool                 `json:",omitempty"`
	Phase         commonpb.ActionPhase `json:",omitempty"`
	Attempt       commonpb.ActionPhase `json:",omitempty"`
	Logs          []string             `json:",omitempty"`
	Outputs       []byte
	Error         []byte
	Report        []byte   `json:",omitempty"`
	ClusterEvents [][]byte `json:",omitempty"`
}

type keptNew struct {
	Parent, Group   string
	Task, Condition []byte
}

func (s *Step) kept() keptStep {
	out := keptStep{
		After: s.After, Manual: s.Manual, Await: s.Await, Action: s.Action, NewAttempt: s.NewAttempt,
		Phase: s.Phase, Attempt: s.Attempt, Logs: s.Logs, Outputs: wire(s.Outputs), Error: wire(s.Error), Report: s.Report,
	}
	if n := s.New; n != nil {
		out.New = &keptNew{Parent: n.Parent, Group: n.Group, Task: wire(n.Task), Condition: wire(n.Condition)}
	}
	for _, e := range s.ClusterEvents {
		out.ClusterEvents = append(out.ClusterEvents, wire(e))
	}
	return out
}

func (k keptStep) step() (Step, error) {
	s := Step{
		After: k.After, Manual: k.Manual, Await: k.Await, Action: k.Action, NewAttempt: k.NewAttempt,
		Phase: k.Phase, Attempt: k.Attempt, Logs: k.Logs, Report: k.Report,
	}
	var errs []error
	outputs, why := &taskpb.Outputs{}, &workflowpb.ErrorInfo{}
	if is, err := unwire(k.Outputs, outputs); is {
		s.Outputs, errs = outputs, append(errs, err)
	}
	if is, err := unwire(k.Error, why); is {
		s.Error, errs = why, append(errs, err)
	}
	if n := k.New; n != nil {
		s.New = &NewAction{Parent: n.Parent, Group: n.Group}
		task, condition := &taskpb.TaskIdentifier{}, &workflowpb.ConditionAction{}
		if is, err := unwire(n.Task, task); is {
			s.New.Task, errs = task, append(errs, err)
		}
		if is, err := unwire(n.Condition, condition); is {
			s.New.Condition, errs = condition, append(errs, err)
		}
	}
	for _, raw := range k.ClusterEvents {
		e := &workflowpb.ClusterEvent{}
		_, err := unwire(raw, e)
		s.ClusterEvents, errs = append(s.ClusterEvents, e), append(errs, err)
	}
	return s, errors.Join(errs...)
}
