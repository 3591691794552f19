package backend

import (
	"context"
	"maps"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

// projectServer is Flyte 2's ProjectService.
type projectServer struct {
	projectpb.UnimplementedProjectServiceServer

	b *Backend
}

func (s projectServer) GetProject(_ context.Context, req *projectpb.GetProjectRequest) (*projectpb.GetProjectResponse, error) {
	id := req.GetId()
	if id == "" {
		return nil, status.Error(codes.InvalidArgument, "id is required")
	}
	s.b.mu.Lock()
	row, ok := s.b.projects.find(id)
	s.b.mu.Unlock()
	if !ok {
		return nil, projectNotFound(id)
	}
	return &projectpb.GetProjectResponse{Project: row.proto()}, nil
}

func (s projectServer) CreateProject(_ context.Context, req *projectpb.CreateProjectRequest) (*projectpb.CreateProjectResponse, error) {
	p := req.GetProject()
	if p.GetId() == "" {
		return nil, status.Error(codes.InvalidArgument, "project.id is required")
	}
	row := project{
		id: p.GetId(), name: p.GetName(), description: p.GetDescription(),
		labels: maps.Clone(p.GetLabels().GetValues()), state: int32(p.GetState()),
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	if !s.b.projects.create(row, s.b.cfg.Now()) {
		return nil, status.Errorf(codes.AlreadyExists, "project already exists: %s", p.GetId())
	}
	return &projectpb.CreateProjectResponse{}, nil
}

// UpdateProject replaces the whole project: fields that the request omits are cleared.
func (s projectServer) UpdateProject(_ context.Context, req *projectpb.UpdateProjectRequest) (*projectpb.UpdateProjectResponse, error) {
	p := req.GetProject()
	if p.GetId() == "" {
		return nil, status.Error(codes.InvalidArgument, "project.id is required")
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	found := s.b.projects.update(p.GetId(), s.b.cfg.Now(), func(row *project) {
		row.name, row.description = p.GetName(), p.GetDescription()
		row.labels, row.state = maps.Clone(p.GetLabels().GetValues()), int32(p.GetState())
	})
	if !found {
		return nil, projectNotFound(p.GetId())
	}
	return &projectpb.UpdateProjectResponse{}, nil
}

func (s projectServer) ListProjects(_ context.Context, req *projectpb.ListProjectsRequest) (*projectpb.ListProjectsResponse, error) {
	l := listing{limit: int(req.GetLimit())}
	var err error
	if l.offset, err = parseProjectToken(req.GetToken(), s.b.cfg.Strict); err != nil {
		return nil, err
	}
	if l.filters, err = parseProjectFilters(req.GetFilters()); err != nil {
		return nil, err
	}
	if req.GetSortBy().GetKey() != "" {
		l.sort = req.GetSortBy()
	}
	rows, token, err := s.b.listProjects(l)
	if err != nil {
		return nil, err
	}
	out := &projectpb.Projects{Token: token}
	for _, row := range rows {
		out.Projects = append(out.Projects, row.proto())
	}
	return &projectpb.ListProjectsResponse{Projects: out}, nil
}

func projectNotFound(id string) error {
	return status.Errorf(codes.NotFound, "project not found: %s", id)
}

func (p project) proto() *projectpb.Project {
	out := &projectpb.Project{
		Id: p.id, Name: p.name, Description: p.description, State: projectpb.ProjectState(p.state),
	}
	if p.labels != nil {
		out.Labels = &taskpb.Labels{Values: maps.Clone(p.labels)}
	}
	for _, d := range domains() {
		out.Domains = append(out.Domains, &projectpb.Domain{Id: d.id, Name: d.name})
	}
	return out
}
