package backend

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
)

// appServer is AppService. Projects need not exist, and names are not validated.
type appServer struct {
	apppb.UnimplementedAppServiceServer

	*apps
}

// Create deploys the app if its spec is new, and starts it if it is stopped. The answer is
// the request's app with the URL that it will have.
func (s *appServer) Create(ctx context.Context, req *apppb.CreateRequest) (*apppb.CreateResponse, error) {
	if err := checkDeployed(req.GetApp()); err != nil {
		return nil, err
	}
	out, err := s.create(proto.CloneOf(req.GetApp()), caller(ctx))
	if err != nil {
		return nil, err
	}
	return &apppb.CreateResponse{App: out}, nil
}

// create deploys sent and makes the answer of it.
func (s *apps) create(sent *apppb.App, by *commonpb.EnrichedIdentity) (*apppb.App, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cfg.Hosted {
		if s.byKey[appKeyOf(sent.GetMetadata().GetId())] != nil {
			return nil, status.Errorf(codes.AlreadyExists, "app already exists: %s", appKeyOf(sent.GetMetadata().GetId()))
		}
		if sent.GetSpec().GetCreator() == nil {
			sent.Spec.Creator = by
		}
		return s.message(s.deploy(sent)), nil
	}
	a := s.deploy(sent)
	sent.Status = &apppb.Status{Ingress: s.ingress(a.key)}
	return sent, nil
}

// Get returns the app; its metadata is the identifier only.
func (s *appServer) Get(_ context.Context, req *apppb.GetRequest) (*apppb.GetResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var a *app
	switch by := req.GetIdentifier().(type) {
	case *apppb.GetRequest_AppId:
		a = s.byKey[appKeyOf(by.AppId)]
	case *apppb.GetRequest_Ingress:
		if !s.cfg.Hosted {
			return nil, status.Error(codes.InvalidArgument, "app_id is required: this server finds no app by its URL")
		}
		a = s.at(by.Ingress)
	default:
		return nil, errNoAppID()
	}
	if a == nil {
		return nil, status.Errorf(codes.NotFound, "app not found: %v", req)
	}
	return &apppb.GetResponse{App: s.message(a)}, nil
}

// Update stops the app, or else deploys it as Create does. The reason is not kept. The
// answer is the request's app with the status that the app has now: one that is started
// again has its former conditions until its timeline goes on.
func (s *appServer) Update(_ context.Context, req *apppb.UpdateRequest) (*apppb.UpdateResponse, error) {
	id := req.GetApp().GetMetadata().GetId()
	if id == nil {
		return nil, errNoAppID()
	}
	sent := proto.CloneOf(req.GetApp())
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.byKey[appKeyOf(id)]
	stop := sent.GetSpec().GetDesiredState() == apppb.Spec_DESIRED_STATE_STOPPED
	if a == nil && (stop || s.cfg.Hosted) {
		return nil, errAppNotFound(id)
	}
	if !stop || s.cfg.Hosted { // else the spec is not looked at
		if err := checkDeployed(sent); err != nil {
			return nil, err
		}
	}
	if s.cfg.Hosted {
		out, err := s.updateHosted(a, sent)
		if err != nil {
			return nil, err
		}
		return &apppb.UpdateResponse{App: out}, nil
	}
	if stop {
		s.stop(a)
	} else {
		a = s.deploy(sent)
	}
	sent.Status = s.status(a)
	return &apppb.UpdateResponse{App: sent}, nil
}

// Delete is OK for an app that does not exist, too.
func (s *appServer) Delete(_ context.Context, req *apppb.DeleteRequest) (*apppb.DeleteResponse, error) {
	if req.GetAppId() == nil {
		return nil, errNoAppID()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.byKey[appKeyOf(req.GetAppId())]; a != nil {
		s.remove(a)
	}
	return &apppb.DeleteResponse{}, nil
}

func errNoAppID() error { return status.Error(codes.InvalidArgument, "app_id is required") }

func errAppNotFound(id *apppb.Identifier) error {
	return status.Errorf(codes.NotFound, "app not found: %s", appKeyOf(id))
}
