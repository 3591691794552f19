package backend

import (
	"context"
	"crypto/rand"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

const maxRunName = 30

// CreateRun starts a run. A name that is taken is no error: the answer is then the
// existing run, unchanged.
func (s *runServer) CreateRun(ctx context.Context, req *workflowpb.CreateRunRequest) (*workflowpb.CreateRunResponse, error) {
	key, err := newRunKey(req)
	if err != nil {
		return nil, err
	}
	if err := s.b.checkProject(key.project); err != nil {
		return nil, err
	}
	what, err := s.b.resolveTask(req)
	if err != nil {
		return nil, err
	}
	what.settings = s.b.runSettings(key)
	made, isNew, err := s.runs.create(key, req, what, caller(ctx))
	if err != nil {
		return nil, err
	}
	if isNew && what.trigger != nil {
		s.b.mu.Lock()
		defer s.b.mu.Unlock()
		s.b.triggers.fired(what.trigger.triggerKey, s.b.cfg.Now())
	}
	return &workflowpb.CreateRunResponse{Run: made}, nil
}

// create makes the run unless there is one of its name, and reports whether it did.
func (r *runs) create(
	key runKey, req *workflowpb.CreateRunRequest, what runnable, by *commonpb.EnrichedIdentity,
) (made *workflowpb.Run, isNew bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ru, ok := r.byKey[key]; ok {
		return ru.message(), false, nil
	}
	if r.closed {
		return nil, false, errClosing()
	}
	return r.start(key, req, what, by).message(), true, nil
}

// newRunKey returns the key of a new run, with a random name if the request has none.
func newRunKey(req *workflowpb.CreateRunRequest) (runKey, error) {
	switch id := req.GetId().(type) {
	case *workflowpb.CreateRunRequest_RunId:
		key := keyOf(id.RunId)
		if len(key.name) > maxRunName || !matches(dns1035, key.name) {
			return runKey{}, status.Errorf(codes.InvalidArgument, "invalid run name %q: want at most %d lower-case letters, "+
				"digits and hyphens, a letter first and no hyphen last", key.name, maxRunName)
		}
		return key, nil
	case *workflowpb.CreateRunRequest_ProjectId:
		return runKey{id.ProjectId.GetName(), id.ProjectId.GetDomain(), randomRunName()}, nil
	default:
		return runKey{}, status.Error(codes.InvalidArgument, "invalid run ID type: set run_id or project_id")
	}
}

// randomRunName returns 20 characters, the first of them an r.
func randomRunName() string { return "r" + strings.ToLower(rand.Text())[:19] }

// start makes the run and starts its timeline. The caller holds r.mu.
func (r *runs) start(key runKey, req *workflowpb.CreateRunRequest, what runnable, by *commonpb.EnrichedIdentity) *run {
	now := r.b.cfg.Now()
	ru := newRun(key, len(r.byKey), now, &r.visits)
	ru.spec = what.runSpec(req, now)
	if ru.spec.GetRawDataStorage().GetRawDataPrefix() == "" {
		ru.spec.RawDataStorage = &taskpb.RawDataStorage{RawDataPrefix: r.blobs.prefix()}
	}
	a := ru.newAction(rootAction, nil, commonpb.ActionPhase_ACTION_PHASE_QUEUED, now)
	a.details.Spec = &workflowpb.ActionDetails_Task{Task: what.spec}
	meta := a.details.GetMetadata()
	meta.Spec = &workflowpb.ActionMetadata_Task{Task: taskMetadata(what.id, what.spec)}
	meta.Source = req.GetSource()
	meta.ExecutedBy = by
	meta.EnvironmentName = what.spec.GetEnvironment().GetName()
	meta.FuntionName = what.id.GetName()
	meta.Relation = proto.CloneOf(ru.spec.GetRelation())
	if what.trigger != nil {
		meta.TriggerName, meta.TriggerId = what.trigger.name, what.trigger.id()
	}
	r.storeInputs(a, what.inputs(req))
	r.byKey[key] = ru
	ru.steps = r.plan(key, what.id.GetName()).Steps
	r.list(a)
	r.due = append(r.due, ru.change())
	r.touch(a, creation, now)
	r.goOn(ru)
	return ru
}

// taskMetadata has a short name only if the task's spec has one.
func taskMetadata(id *taskpb.TaskIdentifier, spec *taskpb.TaskSpec) *workflowpb.TaskActionMetadata {
	return &workflowpb.TaskActionMetadata{
		Id: withoutOrg(id), TaskType: spec.GetTaskTemplate().GetType(), ShortName: spec.GetShortName(),
	}
}

func withoutOrg(id *taskpb.TaskIdentifier) *taskpb.TaskIdentifier {
	id = proto.CloneOf(id)
	if id != nil {
		id.Org = ""
	}
	return id
}
