package backend

import (
	"context"

	"google.golang.org/protobuf/proto"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// GetRunDetails returns a run's spec and the details of its root action.
func (s *runServer) GetRunDetails(_ context.Context, req *workflowpb.GetRunDetailsRequest) (*workflowpb.GetRunDetailsResponse, error) {
	id := req.GetRunId()
	if id == nil {
		return nil, errNoRunID()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ru := s.byKey[keyOf(id)]
	if ru == nil {
		return nil, errRunNotFound(id)
	}
	return &workflowpb.GetRunDetailsResponse{Details: &workflowpb.RunDetails{
		RunSpec: proto.CloneOf(ru.spec),
		Action:  ru.root().echo(&commonpb.ActionIdentifier{Run: id, Name: rootAction}),
	}}, nil
}

// GetActionDetails returns the details of one action.
func (s *runServer) GetActionDetails(
	_ context.Context, req *workflowpb.GetActionDetailsRequest,
) (*workflowpb.GetActionDetailsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.find(req.GetActionId())
	if a == nil {
		return nil, errActionNotFound(req.GetActionId())
	}
	return &workflowpb.GetActionDetailsResponse{Details: a.echo(req.GetActionId())}, nil
}

// GetActionDataURIs returns the URIs of an action's data; that of outputs only once they
// exist.
func (s *runServer) GetActionDataURIs(
	_ context.Context, req *workflowpb.GetActionDataURIsRequest,
) (*workflowpb.GetActionDataURIsResponse, error) {
	inputs, outputs, err := s.dataURIs(req.GetActionId())
	if err != nil {
		return nil, err
	}
	return &workflowpb.GetActionDataURIsResponse{InputsUri: inputs, OutputsUri: outputs}, nil
}

func (r *runs) dataURIs(id *commonpb.ActionIdentifier) (inputs, outputs string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.find(id)
	if a == nil {
		return "", "", errActionNotFound(id)
	}
	if a.details.GetCondition() != nil {
		return "", "", nil // it has no data
	}
	if hasOutputs(a.phase()) {
		outputs = a.outputs
	}
	return a.inputs, outputs, nil
}

// GetActionLogContext returns the pods that an attempt ran in, without the attempt's times.
func (s *runServer) GetActionLogContext(
	_ context.Context, req *workflowpb.GetActionLogContextRequest,
) (*workflowpb.GetActionLogContextResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, at, err := s.logged(req.GetActionId(), req.GetAttempt())
	if err != nil {
		return nil, err
	}
	return proto.CloneOf(&workflowpb.GetActionLogContextResponse{
		LogContext: at.GetLogContext(), Cluster: at.GetCluster(),
	}), nil
}
