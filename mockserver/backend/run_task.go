package backend

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	settingspb "github.com/jetway-go/jetway/gen/flyteidl2/settings"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	triggerpb "github.com/jetway-go/jetway/gen/flyteidl2/trigger"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// runnable is the task that a run is to run.
type runnable struct {
	id      *taskpb.TaskIdentifier // nil for an inline task whose template has no name
	spec    *taskpb.TaskSpec
	trigger *triggerRow // nil unless a trigger was named

	settings *settingspb.Settings // for what the run spec leaves empty; nil for none
}

// resolveTask returns the task of a CreateRunRequest.
func (b *Backend) resolveTask(req *workflowpb.CreateRunRequest) (runnable, error) {
	switch t := req.GetTask().(type) {
	case *workflowpb.CreateRunRequest_TaskId:
		return b.deployedTask(t.TaskId)
	case *workflowpb.CreateRunRequest_TaskSpec:
		if t.TaskSpec == nil {
			break
		}
		return runnable{id: inlineTaskID(t.TaskSpec), spec: proto.CloneOf(t.TaskSpec)}, nil
	case *workflowpb.CreateRunRequest_TriggerName:
		return b.triggeredTask(t.TriggerName)
	}
	return runnable{}, status.Error(codes.InvalidArgument, "no task to run: set task_id, task_spec or trigger_name")
}

// triggeredTask returns the task that a trigger starts, switched on or not.
func (b *Backend) triggeredTask(name *commonpb.TriggerName) (runnable, error) {
	trigger, id, err := b.taskOfTrigger(name)
	if err != nil {
		return runnable{}, err
	}
	what, err := b.deployedTask(id)
	if err != nil && !b.cfg.Strict { // as it comes from their database
		err = status.Error(codes.Unknown, status.Convert(err).Message())
	}
	what.trigger = &trigger
	return what, err
}

func (b *Backend) deployedTask(id *taskpb.TaskIdentifier) (runnable, error) {
	spec, ok := b.taskSpec(id)
	if !ok {
		return runnable{}, status.Errorf(codes.NotFound, "task not found: %s/%s/%s version %s",
			id.GetProject(), id.GetDomain(), id.GetName(), id.GetVersion())
	}
	return runnable{id: withoutOrg(id), spec: proto.CloneOf(spec)}, nil
}

func inlineTaskID(spec *taskpb.TaskSpec) *taskpb.TaskIdentifier {
	id := spec.GetTaskTemplate().GetId()
	if id == nil {
		return nil
	}
	return &taskpb.TaskIdentifier{
		Project: id.GetProject(), Domain: id.GetDomain(), Name: id.GetName(), Version: id.GetVersion(),
	}
}

// runSpec returns the request's run spec, else the trigger's, else an empty one. It has a
// time of start only if the task's SDK is one that reads it.
func (w runnable) runSpec(req *workflowpb.CreateRunRequest, now time.Time) *taskpb.RunSpec {
	spec := proto.CloneOf(req.GetRunSpec())
	if spec == nil {
		spec = proto.CloneOf(w.triggerSpec().GetRunSpec())
	}
	if spec == nil {
		spec = &taskpb.RunSpec{}
	}
	fillRunSpec(spec, w.settings)
	if spec.GetRunStartTime() == nil && readsStartTime(w.spec.GetTaskTemplate().GetMetadata().GetRuntime().GetVersion()) {
		spec.RunStartTime = proto.CloneOf(req.GetRunStartTime())
		if spec.GetRunStartTime() == nil {
			spec.RunStartTime = timestamppb.New(now)
		}
	}
	return spec
}

// readsStartTime reports whether an SDK's version is 2.3.6 or later. A version before a
// release, such as 2.3.6b1, is not.
func readsStartTime(version string) bool {
	since := [3]int{2, 3, 6}
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", len(since))
	for i, want := range since {
		if i >= len(parts) {
			return false
		}
		digits := parts[i]
		if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
			digits = digits[:end]
		}
		n, err := strconv.Atoi(digits)
		if err != nil || n != want {
			return err == nil && n > want
		}
	}
	rest := strings.TrimLeft(parts[len(since)-1], "0123456789")
	return rest == "" || strings.HasPrefix(rest, "+") || strings.HasPrefix(rest, ".post")
}

// runInputs are either literals or the URI of literals.
type runInputs struct {
	literals  *taskpb.Inputs
	offloaded *commonpb.OffloadedInputData
}

// triggerSpec returns what the trigger says of the run; nil without a trigger.
func (w runnable) triggerSpec() *triggerpb.TriggerSpec {
	if w.trigger == nil {
		return nil
	}
	return w.trigger.spec
}

// inputs returns the request's inputs, else those that the trigger keeps in the object store; as
// at real backends, inputs that are part of the trigger itself are not used. Literals are completed
// from the task's defaults.
func (w runnable) inputs(req *workflowpb.CreateRunRequest) runInputs {
	literals, offloaded := req.GetInputs(), req.GetOffloadedInputData()
	if literals == nil && offloaded == nil {
		offloaded = w.triggerSpec().GetOffloadedInputData()
	}
	if offloaded != nil {
		return runInputs{offloaded: offloaded}
	}
	literals = proto.CloneOf(literals)
	if literals == nil {
		literals = &taskpb.Inputs{}
	}
	for _, p := range w.spec.GetDefaultInputs() {
		value := p.GetParameter().GetDefault()
		given := slices.ContainsFunc(literals.GetLiterals(), func(l *taskpb.NamedLiteral) bool { return l.GetName() == p.GetName() })
		if value != nil && !given {
			literals.Literals = append(literals.Literals, &taskpb.NamedLiteral{Name: p.GetName(), Value: proto.CloneOf(value)})
		}
	}
	return runInputs{literals: literals}
}
