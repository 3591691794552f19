package backend

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
)

// List lists the apps of a project, or all. Filters, orders and the wish for a total are
// ignored, unless the server is a hosted one; there is no largest page.
func (s *appServer) List(_ context.Context, req *apppb.ListRequest) (*apppb.ListResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	match, err := s.listed(req)
	if err != nil {
		return nil, err
	}
	rows := slices.DeleteFunc(s.sorted(), func(a *app) bool { return !match(a) })
	if s.cfg.Hosted {
		return s.listHosted(req, rows)
	}
	if token := req.GetRequest().GetToken(); token != "" {
		after, ok := parseAppToken(token)
		if !ok {
			return nil, status.Errorf(codes.InvalidArgument, "invalid page token %q", token)
		}
		rows = slices.DeleteFunc(rows, func(a *app) bool { return a.key.compare(after) <= 0 })
	}
	out := &apppb.ListResponse{}
	if limit := int(req.GetRequest().GetLimit()); limit > 0 && limit < len(rows) {
		rows = rows[:limit]
		out.Token = appToken(rows[limit-1].key)
	}
	for _, a := range rows {
		out.Apps = append(out.Apps, s.message(a))
	}
	return out, nil
}

// listed returns which apps are asked for. An open-source server that is not strict
// lists all to who asks for the apps that take an artifact. The caller holds s.mu.
func (s *apps) listed(req *apppb.ListRequest) (func(*app) bool, error) {
	all := func(*app) bool { return true }
	switch by := req.GetFilterBy().(type) {
	case nil:
		return all, nil
	case *apppb.ListRequest_Artifact:
		if !s.b.cfg.Strict && !s.cfg.Hosted {
			return all, nil
		}
		return func(a *app) bool { return a.consumes(by.Artifact) }, nil
	case *apppb.ListRequest_Project:
		return inProject(by.Project), nil
	default:
		return s.scope(req.GetOrg(), req.GetClusterId(), nil)
	}
}

// inProject matches the apps of a project; an empty part matches any.
func inProject(id *commonpb.ProjectIdentifier) func(*app) bool {
	return func(a *app) bool {
		return (id.GetName() == "" || id.GetName() == a.key.project) && (id.GetDomain() == "" || id.GetDomain() == a.key.domain)
	}
}

// scope matches the apps of a scope that only hosted servers know: of a project, on a
// cluster, or else of an organization. The caller holds s.mu.
func (s *apps) scope(org string, cluster *commonpb.ClusterIdentifier, project *commonpb.ProjectIdentifier) (func(*app) bool, error) {
	switch {
	case !s.cfg.Hosted:
		return nil, status.Error(codes.Unimplemented, "this server does not look for apps by organization, cluster or project")
	case project != nil:
		return inProject(project), nil
	case cluster != nil:
		return func(a *app) bool { return a.cluster == cluster.GetName() }, nil
	default:
		return func(a *app) bool { return a.id().GetOrg() == org || a.org == org }, nil
	}
}

// consumes reports whether an input is the artifact.
func (a *app) consumes(f *apppb.ConsumedArtifactFilter) bool {
	return slices.ContainsFunc(a.spec.GetInputs().GetItems(), func(in *apppb.Input) bool {
		id := in.GetArtifactId()
		return id != nil && id.GetKey().GetProject() == f.GetProject() && id.GetKey().GetDomain() == f.GetDomain() &&
			id.GetKey().GetName() == f.GetName() && (f.GetVersion() == "" || f.GetVersion() == id.GetVersion())
	})
}

// appToken returns an opaque page token of the last key on the page, so that apps created
// or deleted between two pages do no harm.
func appToken(k appKey) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join([]string{"v1", k.project, k.domain, k.name}, "\x00")))
}

func parseAppToken(token string) (appKey, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	parts := strings.Split(string(raw), "\x00")
	if err != nil || len(parts) != 4 || parts[0] != "v1" {
		return appKey{}, false
	}
	return appKey{project: parts[1], domain: parts[2], name: parts[3]}, true
}
