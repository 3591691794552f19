package backend

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// AddRun starts a run as CreateRun does, with a timeline of its own; nil means that of its
// task. It returns the run. The error is a status as CreateRun returns it, or AlreadyExists
// if the name is taken.
func (b *Backend) AddRun(ctx context.Context, req *workflowpb.CreateRunRequest, t *Timeline) (*workflowpb.Run, error) {
	key, err := newRunKey(req)
	if err != nil {
		return nil, err
	}
	req = proto.CloneOf(req)
	req.Id = &workflowpb.CreateRunRequest_RunId{RunId: key.id()} // a random name is made once
	r := b.runs
	r.mu.Lock()
	_, taken := r.byKey[key]
	if !taken && t != nil {
		r.planned[key] = t.clone()
	}
	r.mu.Unlock()
	if taken {
		return nil, status.Errorf(codes.AlreadyExists, "run %s already exists", key)
	}
	resp, err := (&runServer{runs: r}).CreateRun(ctx, req)
	r.mu.Lock()
	delete(r.planned, key)
	r.mu.Unlock()
	return resp.GetRun(), err
}

// AddSecret adds a secret as CreateSecret does, and returns its status.
func (b *Backend) AddSecret(ctx context.Context, req *secretpb.CreateSecretRequest) error {
	_, err := secretServer{b: b}.CreateSecret(ctx, req)
	return err
}

// TaskSpec returns a copy of the spec of a deployed task; false if there is none.
func (b *Backend) TaskSpec(id *taskpb.TaskIdentifier) (*taskpb.TaskSpec, bool) { return b.taskSpec(id) }
