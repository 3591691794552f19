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

// change says what became of an action, and so which watches must hear of it.
type change int

const (
	noChange     change = iota // or only log lines
	detailChange               // something that only its details show
	statusChange               // its phase or its number of attempts
	creation                   // it is new
)

// action is one action of a run. Everything in it is guarded by runs.mu.
type action struct {
	run      *run
	parent   *action // nil for the root
	details  *workflowpb.ActionDetails
	attempts []*attempt // beside details.Attempts, one for one
	created  time.Time
	updated  time.Time
	inputs   string // URI of its inputs
	outputs  string // URI of its outputs, set before they are stored

	bornVersion, statusVersion, anyVersion uint64
}

// attempt holds what an attempt's message does not.
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

// last returns the attempt under way, or the one that decided the action.
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

// message is the action as lists and watches tell it.
func (a *action) message() *workflowpb.Action {
	return proto.CloneOf(&workflowpb.Action{Id: a.details.GetId(), Metadata: a.details.GetMetadata(), Status: a.details.GetStatus()})
}

// echo is the action's details under the identifier that the caller used,
// which may carry an organization.
func (a *action) echo(id *commonpb.ActionIdentifier) *workflowpb.ActionDetails {
	details := proto.CloneOf(a.details)
	details.Id = proto.CloneOf(id)
	return details
}

// openLogs gives the attempt under way its pod, once.
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
