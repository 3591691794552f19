package backend

import (
	"context"
	"encoding/base64"
	"hash/fnv"
	"path"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

// UploadInputs stores inputs for a later CreateRun, also if there are none. It stores all of
// them; the hash omits those that the task's cache ignores.
func (s *dataProxyServer) UploadInputs(
	_ context.Context, req *dataproxypb.UploadInputsRequest,
) (*dataproxypb.UploadInputsResponse, error) {
	var org, project, domain string
	switch id := req.GetId().(type) {
	case *dataproxypb.UploadInputsRequest_RunId:
		org, project, domain = id.RunId.GetOrg(), id.RunId.GetProject(), id.RunId.GetDomain()
	case *dataproxypb.UploadInputsRequest_ProjectId:
		org, project, domain = id.ProjectId.GetOrganization(), id.ProjectId.GetName(), id.ProjectId.GetDomain()
	default:
		return nil, status.Error(codes.InvalidArgument, "id is required: set run_id or project_id")
	}
	if req.GetTask() == nil {
		return nil, status.Error(codes.InvalidArgument, "task is required: set task_id, task_spec or trigger_name")
	}
	if err := s.b.checkProject(project); err != nil {
		return nil, err
	}
	spec, err := s.b.inputsTask(req)
	if err != nil {
		return nil, err
	}
	store, err := s.b.needObjects()
	if err != nil {
		return nil, err
	}
	hash, err := hashInputs(req.GetInputs(), spec.GetTaskTemplate().GetMetadata().GetCacheIgnoreInputVars())
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "inputs cannot be serialized: %v", err)
	}
	raw, err := proto.Marshal(req.GetInputs())
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "inputs cannot be serialized: %v", err)
	}
	dir := path.Join("uploads", org, project, domain, "offloaded-inputs", hash)
	if err := store.Put(path.Join(dir, inputsFile), raw); err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "failed to write inputs: %v", err)
	}
	return &dataproxypb.UploadInputsResponse{OffloadedInputData: &commonpb.OffloadedInputData{
		Uri: store.NativeURL(dir), InputsHash: hash,
	}}, nil
}

// inputsTask returns the task of the inputs.
func (b *Backend) inputsTask(req *dataproxypb.UploadInputsRequest) (*taskpb.TaskSpec, error) {
	id := req.GetTaskId()
	switch task := req.GetTask().(type) {
	case *dataproxypb.UploadInputsRequest_TaskSpec:
		return task.TaskSpec, nil
	case *dataproxypb.UploadInputsRequest_TriggerName:
		what, err := b.triggeredTask(task.TriggerName)
		return what.spec, err
	}
	spec, ok := b.taskSpec(id)
	if !ok {
		return nil, status.Errorf(codes.NotFound, "task not found: %s/%s/%s version %q",
			id.GetProject(), id.GetDomain(), id.GetName(), id.GetVersion())
	}
	return spec, nil
}

// hashInputs returns the same hash for the same inputs in every process.
func hashInputs(in *taskpb.Inputs, ignored []string) (string, error) {
	kept := &taskpb.Inputs{Context: in.GetContext()}
	for _, l := range in.GetLiterals() {
		if !slices.Contains(ignored, l.GetName()) {
			kept.Literals = append(kept.Literals, l)
		}
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(kept)
	if err != nil {
		return "", err
	}
	h := fnv.New64a()
	_, _ = h.Write(raw) // never fails
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)), nil
}
