package backend

import (
	"cmp"
	"context"
	"maps"
	"regexp"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	adminpb "github.com/jetway-go/jetway/gen/flyteidl/admin"
	servicepb "github.com/jetway-go/jetway/gen/flyteidl/service"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
)

// adminServer is the AdminService of Flyte 1's flyteadmin, over the same projects as
// [projectServer].
type adminServer struct {
	servicepb.UnimplementedAdminServiceServer

	b *Backend
}

// Limits of a project's parts.
const (
	maxAdminName        = 64
	maxAdminDescription = 300
	maxAdminLabels      = 16
)

// The forms of names. They are compiled when a request needs them: programs that link the
// mock start without them.
const (
	// labelPart is a label's value, or the name in its key; 63 characters at most.
	labelPart = `^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`
	// labelPrefix is what may precede the name in a label's key: a DNS-1123 subdomain.
	labelPrefix = `^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// dns1123 is a label of RFC 1123 as Kubernetes reads it; 63 characters at most.
	dns1123 = `^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`
	// dns1035 is the label of RFC 1035 §2.3.1 in lower case.
	dns1035 = `^[a-z]([-a-z0-9]*[a-z0-9])?$`
)

func matches(form, text string) bool { return regexp.MustCompile(form).MatchString(text) }

func validLabel(key, value string) bool {
	prefix, name, prefixed := strings.Cut(key, "/")
	if !prefixed {
		name = prefix
	} else if len(prefix) > 253 || !matches(labelPrefix, prefix) {
		return false
	}
	return matches(labelPart, name) && (value == "" || matches(labelPart, value))
}

func (s adminServer) GetVersion(context.Context, *adminpb.GetVersionRequest) (*adminpb.GetVersionResponse, error) {
	return &adminpb.GetVersionResponse{ControlPlaneVersion: &adminpb.Version{
		Build: "mock", Version: cmp.Or(s.b.cfg.Version, "mock"), BuildTime: s.b.started.UTC().Format(time.RFC3339),
	}}, nil
}

func (s adminServer) GetDomains(context.Context, *adminpb.GetDomainRequest) (*adminpb.GetDomainsResponse, error) {
	return &adminpb.GetDomainsResponse{Domains: adminDomains()}, nil
}

func (s adminServer) GetProject(_ context.Context, req *adminpb.ProjectGetRequest) (*adminpb.Project, error) {
	id := req.GetId()
	if id == "" {
		return nil, status.Error(codes.InvalidArgument, "missing project_id")
	}
	s.b.mu.Lock()
	row, ok := s.b.projects.find(id)
	s.b.mu.Unlock()
	if !ok {
		return nil, projectNotFound(id)
	}
	return row.adminProto(), nil
}

func (s adminServer) ListProjects(_ context.Context, req *adminpb.ProjectListRequest) (*adminpb.Projects, error) {
	l := listing{limit: int(req.GetLimit()), admin: true, sort: &commonpb.Sort{Key: "identifier", Direction: commonpb.Sort_ASCENDING}}
	var err error
	if l.offset, err = parseToken(req.GetToken()); err != nil {
		return nil, err
	}
	if l.filters, err = parseAdminFilters(req.GetFilters()); err != nil {
		return nil, err
	}
	if sort := req.GetSortBy(); sort != nil {
		if _, known := adminpb.Sort_Direction_name[int32(sort.GetDirection())]; !known {
			return nil, status.Errorf(codes.InvalidArgument, "unknown sort direction %d", sort.GetDirection())
		}
		l.sort = &commonpb.Sort{Key: sort.GetKey(), Direction: commonpb.Sort_Direction(sort.GetDirection())}
	}
	rows, token, err := s.b.listProjects(l)
	if err != nil {
		return nil, err
	}
	out := &adminpb.Projects{Token: token}
	for _, row := range rows {
		out.Projects = append(out.Projects, row.adminProto())
	}
	return out, nil
}

func (s adminServer) RegisterProject(_ context.Context, req *adminpb.ProjectRegisterRequest) (*adminpb.ProjectRegisterResponse, error) {
	p := req.GetProject()
	switch {
	case p == nil:
		return nil, status.Error(codes.InvalidArgument, "missing project")
	case !matches(dns1123, p.GetId()):
		return nil, status.Errorf(codes.InvalidArgument, "invalid project id %q: want a DNS-1123 label", p.GetId())
	case p.GetName() == "":
		return nil, status.Error(codes.InvalidArgument, "missing project_name")
	}
	if err := checkAdminProject(p); err != nil {
		return nil, err
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
	return &adminpb.ProjectRegisterResponse{}, nil
}

// UpdateProject keeps the texts and labels that the request omits, unlike that of
// Flyte 2.
func (s adminServer) UpdateProject(_ context.Context, p *adminpb.Project) (*adminpb.ProjectUpdateResponse, error) {
	if p.GetId() == "" {
		return nil, status.Error(codes.InvalidArgument, "missing project_id")
	}
	if err := checkAdminProject(p); err != nil {
		return nil, err
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	found := s.b.projects.update(p.GetId(), s.b.cfg.Now(), func(row *project) {
		row.name = cmp.Or(p.GetName(), row.name)
		row.description = cmp.Or(p.GetDescription(), row.description)
		if p.GetLabels() != nil {
			row.labels = maps.Clone(p.GetLabels().GetValues())
		}
		row.state = int32(p.GetState())
	})
	if !found {
		return nil, projectNotFound(p.GetId())
	}
	return &adminpb.ProjectUpdateResponse{}, nil
}

// checkAdminProject checks the parts of a project that Register and Update share.
func checkAdminProject(p *adminpb.Project) error {
	switch labels := p.GetLabels().GetValues(); {
	case len(p.GetDomains()) > 0:
		return status.Error(codes.InvalidArgument, "domains are set by the server's configuration, not by the request")
	case len(p.GetName()) > maxAdminName:
		return status.Errorf(codes.InvalidArgument, "project_name is %d characters long: at most %d are allowed", len(p.GetName()), maxAdminName)
	case len(p.GetDescription()) > maxAdminDescription:
		return status.Errorf(codes.InvalidArgument, "project_description is %d characters long: at most %d are allowed",
			len(p.GetDescription()), maxAdminDescription)
	case len(labels) > maxAdminLabels:
		return status.Errorf(codes.InvalidArgument, "%d labels: at most %d are allowed", len(labels), maxAdminLabels)
	default:
		for key, value := range labels {
			if !validLabel(key, value) {
				return status.Errorf(codes.InvalidArgument, "invalid label %q=%q: want a key and a value as in Kubernetes", key, value)
			}
		}
		return nil
	}
}

func (p project) adminProto() *adminpb.Project {
	return &adminpb.Project{
		Id: p.id, Name: p.name, Description: p.description,
		State: adminpb.Project_ProjectState(p.state), Domains: adminDomains(),
		Labels: &adminpb.Labels{Values: maps.Clone(p.labels)}, // present even if there is none
	}
}

func adminDomains() []*adminpb.Domain {
	var out []*adminpb.Domain
	for _, d := range domains() {
		out = append(out, &adminpb.Domain{Id: d.id, Name: d.name})
	}
	return out
}
