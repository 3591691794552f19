package backend

import (
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// change is the kind of a change of an action; it decides which watches get an update.
type change int

const (
	noChange     change = iota // or only log lines
	detailChange               // a part that only its details show
	statusChange               // its phase or its number of attempts
	creation                   // it is new
)

// action is one action of a run. Everything in it is guarded by runs.mu.
type action struct {
	run      *run
	seq      int     // how many actions of the run were made before this one
	parent   *action // nil for the root
	details  *workflowpb.ActionDetails
	attempts []*attempt // parallel to details.Attempts; none until its first event
	created  time.Time
	updated  time.Time
	inputs   string // URI of its inputs
	outputs  string // URI of its outputs, set before they are stored

	listed commonpb.ActionPhase // the phase by which sets and counts know it
	sets   []*ordered[*action]  // that it is in
	ages   []*ordered[*action]  // those by creation; for a root

	anyVersion uint64     // of its latest change
	inRun      changeLink // of its latest change that a watch of the run's actions sends
	inRuns     changeLink // of its latest change that a watch of runs sends; for a root
}

// attempt holds the data of an attempt that its message does not.
type attempt struct {
	logs []*dataplanepb.LogLine
}

// newAction adds an action in the given phase to ru. Its owner completes the metadata and
// then calls [runs.list].
func (ru *run) newAction(name string, parent *action, phase commonpb.ActionPhase, now time.Time) *action {
	a := &action{
		run: ru, seq: len(ru.actions), parent: parent, created: now, updated: now,
		details: &workflowpb.ActionDetails{
			Id:       &commonpb.ActionIdentifier{Run: ru.key.id(), Name: name},
			Metadata: &workflowpb.ActionMetadata{ActionType: workflowpb.ActionType_ACTION_TYPE_TASK},
			Status:   &workflowpb.ActionStatus{Phase: phase, StartTime: timestamppb.New(now), Attempts: 1},
		},
	}
	if parent != nil {
		a.details.Metadata.Parent = parent.details.GetId().GetName()
	}
	ru.actions = append(ru.actions, a)
	ru.byName[name] = a
	return a
}

func (a *action) phase() commonpb.ActionPhase { return a.details.GetStatus().GetPhase() }

func (a *action) ended() bool { return terminal(a.phase()) }

// settled reports whether nothing more is to come of the attempts so far: the last one has
// ended, whatever the action's status is.
func (a *action) settled() bool {
	if _, at := a.last(); at != nil {
		return terminal(at.GetPhase())
	}
	return a.ended()
}

// message returns the action as lists and watches of runs send it.
func (a *action) message() *workflowpb.Action {
	return proto.CloneOf(&workflowpb.Action{Id: a.details.GetId(), Metadata: a.details.GetMetadata(), Status: a.details.GetStatus()})
}

// watched returns the action as watches of actions send it: without its type, and with a
// short name of its task even if the task has none.
func (a *action) watched() *workflowpb.Action {
	m := a.message()
	m.Metadata.ActionType = workflowpb.ActionType_ACTION_TYPE_UNSPECIFIED
	if task := m.GetMetadata().GetTask(); task != nil && task.GetShortName() == "" {
		task.ShortName = lastSegment(task.GetId().GetName())
	}
	return m
}

// lastSegment returns what follows the last dot of a name.
func lastSegment(name string) string { return name[strings.LastIndex(name, ".")+1:] }

// echo returns the action's details with the identifier that the caller sent, which may
// have an organization.
func (a *action) echo(id *commonpb.ActionIdentifier) *workflowpb.ActionDetails {
	details := proto.CloneOf(a.details)
	details.Id = proto.CloneOf(id)
	return details
}
