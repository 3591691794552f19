package seed

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver/backend"
)

const (
	defaultDomain  = "development"
	defaultVersion = "v1"
)

// AddProject adds a project to b, or replaces it. The error is a status.
func AddProject(b *backend.Backend, p *mockpb.AddProjectRequest) error {
	if p.GetId() == "" {
		return status.Error(codes.InvalidArgument, "id of the project is missing")
	}
	b.AddProject(backend.Project{
		ID: p.GetId(), Name: cmp.Or(p.GetName(), p.GetId()), Description: p.GetDescription(),
		Labels: p.GetLabels(), Archived: p.GetArchived(),
	})
	return nil
}

// AddTask deploys a task on b. The error is a status.
func AddTask(b *backend.Backend, t *mockpb.AddTaskRequest) error { return addTask(b, t, false) }

// addTask deploys a task, or if it is to be added where it is missing only, and is there, does
// no more than to set its timeline.
func addTask(b *backend.Backend, t *mockpb.AddTaskRequest, missing bool) error {
	if t.GetName() == "" {
		return status.Error(codes.InvalidArgument, "name of the task is missing")
	}
	inputs, err := variables("inputs", t.GetInputs())
	if err != nil {
		return err
	}
	outputs, err := variables("outputs", t.GetOutputs())
	if err != nil {
		return err
	}
	iface := &corepb.TypedInterface{Inputs: inputs, Outputs: outputs}
	steps, err := timeline(t.GetTimeline(), iface)
	if err != nil {
		return err
	}
	id := taskID(t.GetProject(), t.GetDomain(), t.GetName(), t.GetVersion())
	if _, present := b.TaskSpec(id); !missing || !present {
		if err := b.AddTask(&taskpb.DeployTaskRequest{
			TaskId: id, Spec: &taskpb.TaskSpec{TaskTemplate: &corepb.TaskTemplate{Type: "python", Interface: iface}},
		}); err != nil {
			return err
		}
	}
	if len(t.GetTimeline()) > 0 {
		b.SetTimeline(t.GetName(), steps)
	}
	return nil
}

// AddRun starts a run on b and returns its name. The error is a status.
func AddRun(ctx context.Context, b *backend.Backend, r *mockpb.AddRunRequest) (string, error) {
	task, iface, err := runTask(b, r)
	if err != nil {
		return "", err
	}
	inputs, err := literals("inputs", r.GetInputs(), iface.GetInputs())
	if err != nil {
		return "", err
	}
	steps, err := timeline(r.GetTimeline(), iface)
	if err != nil {
		return "", err
	}
	name := cmp.Or(r.GetName(), randomName())
	req := &workflowpb.CreateRunRequest{
		Id: &workflowpb.CreateRunRequest_RunId{RunId: &commonpb.RunIdentifier{
			Project: r.GetProject(), Domain: cmp.Or(r.GetDomain(), defaultDomain), Name: name,
		}},
		InputWrapper: &workflowpb.CreateRunRequest_Inputs{Inputs: &taskpb.Inputs{Literals: inputs}},
	}
	if task != nil {
		req.Task = &workflowpb.CreateRunRequest_TaskId{TaskId: task}
	} else {
		req.Task = &workflowpb.CreateRunRequest_TaskSpec{TaskSpec: &taskpb.TaskSpec{TaskTemplate: &corepb.TaskTemplate{}}}
	}
	var own *backend.Timeline
	if len(r.GetTimeline()) > 0 {
		own = &steps
	}
	_, err = b.AddRun(ctx, req, own)
	return name, err
}

// runTask returns the task of a run and its interface; nil for a run of no task.
func runTask(b *backend.Backend, r *mockpb.AddRunRequest) (*taskpb.TaskIdentifier, *corepb.TypedInterface, error) {
	if r.GetTask() == "" {
		return nil, nil, nil
	}
	id := taskID(r.GetProject(), r.GetDomain(), r.GetTask(), r.GetVersion())
	spec, ok := b.TaskSpec(id)
	if !ok {
		return nil, nil, status.Errorf(codes.NotFound, "there is no task %s version %s in %s/%s; add it first, by a seed file or AddTask",
			id.GetName(), id.GetVersion(), id.GetProject(), id.GetDomain())
	}
	return id, spec.GetTaskTemplate().GetInterface(), nil
}

func taskID(project, domain, name, version string) *taskpb.TaskIdentifier {
	return &taskpb.TaskIdentifier{
		Project: project, Domain: cmp.Or(domain, defaultDomain), Name: name, Version: cmp.Or(version, defaultVersion),
	}
}

// SetTimeline sets what happens in future runs of a task on b. The error is a status.
func SetTimeline(b *backend.Backend, t *mockpb.SetTimelineRequest) error {
	steps, err := timeline(t.GetTimeline(), nil)
	if err != nil {
		return err
	}
	b.SetTimeline(t.GetTask(), steps)
	return nil
}

// timeline returns steps as the backend has them. The interface says which types outputs
// have; it may be nil.
func timeline(steps []*mockpb.Step, iface *corepb.TypedInterface) (backend.Timeline, error) {
	out := backend.Timeline{}
	for i, s := range steps {
		if _, known := commonpb.ActionPhase_name[int32(s.GetPhase())]; !known {
			return out, status.Errorf(codes.InvalidArgument, "step %d: there is no phase number %d", i+1, s.GetPhase())
		}
		step := backend.Step{
			After: s.GetAfter().AsDuration(), Manual: s.GetManual(), Await: s.GetAwaitAction(), Action: s.GetAction(),
			NewAttempt: s.GetNewAttempt(), Phase: s.GetPhase(), Logs: s.GetLogs(),
		}
		if s.GetParent() != "" || s.GetGroup() != "" {
			step.New = &backend.NewAction{Parent: s.GetParent(), Group: s.GetGroup()}
		}
		if s.GetError() != "" {
			step.Error = &workflowpb.ErrorInfo{Kind: workflowpb.ErrorInfo_KIND_USER, Message: s.GetError()}
		}
		if s.GetReport() != "" {
			step.Report = []byte(s.GetReport())
		}
		if s.GetOutputs() != nil {
			values, err := literals("outputs", s.GetOutputs(), iface.GetOutputs())
			if err != nil {
				return out, status.Errorf(codes.InvalidArgument, "step %d: %s", i+1, status.Convert(err).Message())
			}
			step.Outputs = &taskpb.Outputs{Literals: values}
		}
		out.Steps = append(out.Steps, step)
	}
	return out, nil
}

// variables returns names and types as an interface has them, sorted.
func variables(what string, types map[string]string) (*corepb.VariableMap, error) {
	out := &corepb.VariableMap{}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		kind, ok := simpleTypes()[types[name]]
		if !ok {
			return nil, status.Errorf(codes.InvalidArgument, "%s: %s has the type %q; want one of %v",
				what, name, types[name], slices.Sorted(maps.Keys(simpleTypes())))
		}
		out.Variables = append(out.Variables, &corepb.VariableEntry{Key: name, Value: &corepb.Variable{
			Type: &corepb.LiteralType{Type: &corepb.LiteralType_Simple{Simple: kind}},
		}})
	}
	return out, nil
}
