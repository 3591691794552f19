package backend

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	triggerpb "github.com/jetway-go/jetway/gen/flyteidl2/trigger"
)

// triggerServer is TriggerService. Projects, tasks and their versions need not exist, and names
// may be empty.
type triggerServer struct {
	triggerpb.UnimplementedTriggerServiceServer

	b *Backend
}

func (s triggerServer) DeployTrigger(_ context.Context, req *triggerpb.DeployTriggerRequest) (*triggerpb.DeployTriggerResponse, error) {
	strict := s.b.cfg.Strict
	if req.GetSpec() == nil { // as its database says; strict backends look before
		return nil, status.Error(codes.Internal, "the trigger cannot be stored without a spec")
	}
	if err := checkCron(req.GetAutomationSpec().GetSchedule()); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	automation := proto.CloneOf(req.GetAutomationSpec())
	if automation == nil {
		automation = &taskpb.TriggerAutomationSpec{}
	}
	setAutomationType(automation, strict)
	key := triggerKeyOf(req.GetName())
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	before := s.b.triggers.latest(key)
	if want := req.GetRevision(); want != 0 && before.revision != 0 && want != before.revision {
		code := codes.Internal
		if strict {
			code = codes.FailedPrecondition
		}
		return nil, status.Errorf(code, "optimistic lock failure: trigger %q has revision %d, not %d: read it again",
			key.name, before.revision, want)
	}
	row := s.b.triggers.deploy(key, proto.CloneOf(req.GetSpec()), automation, s.b.cfg.Now())
	s.b.recount(row.taskName(), row.spec.GetTaskVersion())
	if strict && before.spec != nil { // real backends leave the version that it had as it was
		s.b.recount(row.taskName(), before.spec.GetTaskVersion())
	}
	return &triggerpb.DeployTriggerResponse{Trigger: row.details()}, nil
}

// GetTriggerDetails returns a trigger that exists. Without the name of a task it is any one.
func (s triggerServer) GetTriggerDetails(
	_ context.Context, req *triggerpb.GetTriggerDetailsRequest,
) (*triggerpb.GetTriggerDetailsResponse, error) {
	key := triggerKeyOf(req.GetName())
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	row, ok := s.b.triggers.find(key)
	if !ok {
		return nil, triggerNotFound(key)
	}
	return &triggerpb.GetTriggerDetailsResponse{Trigger: row.details()}, nil
}

// GetTriggerRevisionDetails returns one revision, also of a trigger that was deleted.
func (s triggerServer) GetTriggerRevisionDetails(
	_ context.Context, req *triggerpb.GetTriggerRevisionDetailsRequest,
) (*triggerpb.GetTriggerRevisionDetailsResponse, error) {
	key, n := triggerKeyOf(req.GetId().GetName()), req.GetId().GetRevision()
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	rows := s.b.triggers.byKey[key]
	if n == 0 || n > uint64(len(rows)) {
		return nil, status.Errorf(codes.NotFound, "trigger %q of task %s/%s/%s has no revision %d",
			key.name, key.project, key.domain, key.task, n)
	}
	return &triggerpb.GetTriggerRevisionDetailsResponse{Trigger: rows[n-1].details()}, nil
}

// UpdateTriggers switches triggers on or off. What does not exist, or is so already, is skipped.
func (s triggerServer) UpdateTriggers(_ context.Context, req *triggerpb.UpdateTriggersRequest) (*triggerpb.UpdateTriggersResponse, error) {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	now := s.b.cfg.Now()
	for _, name := range req.GetNames() {
		key := triggerKeyOf(name)
		if s.b.triggers.turn(key, req.GetActive(), now) {
			s.b.recount(key.taskName(), s.b.triggers.latest(key).spec.GetTaskVersion())
		}
	}
	return &triggerpb.UpdateTriggersResponse{}, nil
}

// DeleteTriggers deletes triggers. What does not exist is skipped.
func (s triggerServer) DeleteTriggers(_ context.Context, req *triggerpb.DeleteTriggersRequest) (*triggerpb.DeleteTriggersResponse, error) {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	for _, name := range req.GetNames() {
		s.b.removeTrigger(triggerKeyOf(name))
	}
	return &triggerpb.DeleteTriggersResponse{}, nil
}

func triggerNotFound(key triggerKey) error {
	return status.Errorf(codes.NotFound, "trigger not found: %s of task %s/%s/%s", key.name, key.project, key.domain, key.task)
}

// taskOfTrigger returns a trigger, and the version of the task that it starts. It takes b.mu.
func (b *Backend) taskOfTrigger(name *commonpb.TriggerName) (triggerRow, *taskpb.TaskIdentifier, error) {
	key := triggerKeyOf(name)
	b.mu.Lock()
	defer b.mu.Unlock()
	row, ok := b.triggers.find(key)
	if !ok {
		return row, nil, triggerNotFound(key)
	}
	return row, &taskpb.TaskIdentifier{
		Project: row.project, Domain: row.domain, Name: row.task, Version: row.spec.GetTaskVersion(),
	}, nil
}

// removeTrigger deletes a trigger, if it exists. The caller holds b.mu.
func (b *Backend) removeTrigger(key triggerKey) {
	if b.triggers.remove(key, b.cfg.Now()) {
		b.recount(key.taskName(), b.triggers.latest(key).spec.GetTaskVersion())
	}
}

// recount makes a version of a task show the triggers that it has now. The caller holds b.mu.
func (b *Backend) recount(name taskName, version string) {
	b.tasks.show(name, version, b.triggers.of(name, version))
}

// deployTriggers deploys the triggers of a task's new version and deletes all others that the
// task has; without any in the request it changes none. The caller holds b.mu.
func (b *Backend) deployTriggers(name taskName, version string, sent []*taskpb.TaskTrigger) {
	listed := map[triggerKey]bool{}
	for _, t := range sent {
		key := triggerKey{name.project, name.domain, name.name, t.GetName()}
		before := b.triggers.latest(key)
		b.triggers.deploy(key, triggerSpecOf(t.GetSpec(), version), t.GetAutomationSpec(), b.cfg.Now())
		if b.cfg.Strict && before.spec != nil {
			b.recount(name, before.spec.GetTaskVersion())
		}
		listed[key] = true
	}
	if len(sent) > 0 {
		for _, row := range b.triggers.ofTask(name) {
			if !listed[row.triggerKey] {
				b.removeTrigger(row.triggerKey)
			}
		}
	}
	b.recount(name, version)
}

// triggerSpecOf returns the spec of a trigger that came with version of its task.
func triggerSpecOf(t *taskpb.TaskTriggerSpec, version string) *triggerpb.TriggerSpec {
	spec := &triggerpb.TriggerSpec{
		RunSpec: t.GetRunSpec(), Active: t.GetActive(), TaskVersion: version, Description: t.GetDescription(),
	}
	switch in := t.GetInputWrapper().(type) {
	case *taskpb.TaskTriggerSpec_Inputs:
		spec.InputWrapper = &triggerpb.TriggerSpec_Inputs{Inputs: in.Inputs}
	case *taskpb.TaskTriggerSpec_OffloadedInputData:
		spec.InputWrapper = &triggerpb.TriggerSpec_OffloadedInputData{OffloadedInputData: in.OffloadedInputData}
	}
	return spec
}
