package backend

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
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
	parent   *action // nil for the root
	details  *workflowpb.ActionDetails
	attempts []*attempt // parallel to details.Attempts
	created  time.Time
	updated  time.Time
	inputs   string // URI of its inputs
	outputs  string // URI of its outputs, set before they are stored

	bornVersion, statusVersion, anyVersion uint64
}

// attempt holds the data of an attempt that its message does not.
type attempt struct {
	logs []*dataplanepb.LogLine
}

// newAction adds an action in the given phase to ru.
func (ru *run) newAction(name string, parent *action, phase commonpb.ActionPhase, now time.Time) *action {
	at := timestamppb.New(now)
	a := &action{
		run: ru, parent: parent, created: now, updated: now,
		details: &workflowpb.ActionDetails{
			Id:       &commonpb.ActionIdentifier{Run: ru.key.id(), Name: name},
			Metadata: &workflowpb.ActionMetadata{ActionType: workflowpb.ActionType_ACTION_TYPE_TASK},
			Status:   &workflowpb.ActionStatus{Phase: phase, StartTime: at},
		},
	}
	if parent != nil {
		a.details.Metadata.Parent = parent.details.GetId().GetName()
	}
	a.openAttempt(phase, now)
	ru.actions = append(ru.actions, a)
	return a
}

func (a *action) phase() commonpb.ActionPhase { return a.details.GetStatus().GetPhase() }

func (a *action) ended() bool { return terminal(a.phase()) }

// attempt returns attempt n, counted from 1, or nil twice.
func (a *action) attempt(n uint32) (*attempt, *workflowpb.ActionAttempt) {
	if n == 0 || int64(n) > int64(len(a.attempts)) {
		return nil, nil
	}
	return a.attempts[n-1], a.details.GetAttempts()[n-1]
}

// last returns the current attempt, or the last one of a finished action.
func (a *action) last() (*attempt, *workflowpb.ActionAttempt) {
	n := len(a.attempts) - 1
	return a.attempts[n], a.details.GetAttempts()[n]
}

func (a *action) openAttempt(phase commonpb.ActionPhase, now time.Time) {
	at := timestamppb.New(now)
	a.attempts = append(a.attempts, &attempt{})
	n := uint32(len(a.attempts)) //nolint:gosec // a handful of attempts
	a.details.Attempts = append(a.details.Attempts, &workflowpb.ActionAttempt{
		Phase: phase, StartTime: at, Attempt: n, Cluster: clusterName, Outputs: &taskpb.OutputReferences{},
		PhaseTransitions: []*workflowpb.PhaseTransition{{Phase: phase, StartTime: at}},
	})
	a.details.Status.Phase, a.details.Status.Attempts = phase, n
}

// message returns the action as lists and watches send it.
func (a *action) message() *workflowpb.Action {
	return proto.CloneOf(&workflowpb.Action{Id: a.details.GetId(), Metadata: a.details.GetMetadata(), Status: a.details.GetStatus()})
}

// echo returns the action's details with the identifier that the caller sent, which may
// have an organization.
func (a *action) echo(id *commonpb.ActionIdentifier) *workflowpb.ActionDetails {
	details := proto.CloneOf(a.details)
	details.Id = proto.CloneOf(id)
	return details
}

// openLogs gives the current attempt its pod, once.
func (a *action) openLogs(now time.Time) (opened bool) {
	_, at := a.last()
	if at.GetLogContext() != nil {
		return false
	}
	pod := podName(a, at.GetAttempt())
	at.LogsAvailable = true
	at.LogContext = &corepb.LogContext{
		PrimaryPodName: pod,
		Pods: []*corepb.PodLogContext{{
			Namespace: a.run.key.project + "-" + a.run.key.domain, PodName: pod, PrimaryContainerName: containerName,
			Containers: []*corepb.ContainerContext{{
				ContainerName: containerName,
				Process:       &corepb.ContainerContext_ProcessContext{ContainerStartTime: timestamppb.New(now)},
			}},
		}},
	}
	return true
}
