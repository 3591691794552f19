package backend

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	adminpb "github.com/jetway-go/jetway/gen/flyteidl/admin"
	servicepb "github.com/jetway-go/jetway/gen/flyteidl/service"
)

func TestAdminGetProject(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	c := servicepb.NewAdminServiceClient(conn)
	_, err := c.GetProject(t.Context(), &adminpb.ProjectGetRequest{})
	wantStatus(t, err, codes.InvalidArgument, "missing project_id")
	_, err = c.GetProject(t.Context(), &adminpb.ProjectGetRequest{Id: "ghost"})
	wantCode(t, err, codes.NotFound)
	got, err := c.GetProject(t.Context(), &adminpb.ProjectGetRequest{Id: "demo", Org: "acme"})
	wantCode(t, err, codes.OK)
	if got.GetName() != "Demo" || got.GetOrg() != "" || len(got.GetDomains()) != 3 {
		t.Errorf("got %v", got)
	}
}

func TestAdminListProjectsFiltersAndPages(t *testing.T) {
	t.Parallel()
	b, conn := dial(t, Config{})
	b.AddProject(Project{ID: "alpha"})
	b.AddProject(Project{ID: "beta"})
	c := servicepb.NewAdminServiceClient(conn)

	for name, tc := range map[string]struct {
		req   *adminpb.ProjectListRequest
		want  []string
		token string
		code  codes.Code
	}{
		"limit 0 is all": {req: &adminpb.ProjectListRequest{}, want: []string{"demo", "alpha", "beta"}},
		"full page":      {req: &adminpb.ProjectListRequest{Limit: 3}, want: []string{"demo", "alpha", "beta"}, token: "3"},
		"numeric offset": {req: &adminpb.ProjectListRequest{Limit: 3, Token: "1"}, want: []string{"alpha", "beta"}},
		"bad token":      {req: &adminpb.ProjectListRequest{Token: "next"}, code: codes.InvalidArgument},
		"filter and sort": {
			req: &adminpb.ProjectListRequest{
				Filters: "ne(identifier,demo)", SortBy: &adminpb.Sort{Key: "identifier", Direction: adminpb.Sort_DESCENDING},
			},
			want: []string{"beta", "alpha"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.ListProjects(t.Context(), tc.req)
			wantCode(t, err, tc.code)
			var ids []string
			for _, p := range got.GetProjects() {
				ids = append(ids, p.GetId())
			}
			if diff := cmp.Diff(tc.want, ids); diff != "" || got.GetToken() != tc.token {
				t.Errorf("token %q, projects (-want +got):\n%s", got.GetToken(), diff)
			}
		})
	}
}

func TestAdminRegisterProjectValidates(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	c := servicepb.NewAdminServiceClient(conn)
	for name, tc := range map[string]struct {
		project *adminpb.Project
		want    codes.Code
	}{
		"nil":        {nil, codes.InvalidArgument},
		"empty id":   {&adminpb.Project{}, codes.InvalidArgument},
		"upper case": {&adminpb.Project{Id: "Demo"}, codes.InvalidArgument},
		"last dash":  {&adminpb.Project{Id: "demo-"}, codes.InvalidArgument},
		"too long":   {&adminpb.Project{Id: strings.Repeat("a", 64)}, codes.InvalidArgument},
		"longest":    {&adminpb.Project{Id: strings.Repeat("a", 63)}, codes.OK},
		"domains":    {&adminpb.Project{Id: "ok", Domains: []*adminpb.Domain{{Id: "moon"}}}, codes.InvalidArgument},
		"duplicate":  {&adminpb.Project{Id: "demo"}, codes.AlreadyExists},
		"good":       {&adminpb.Project{Id: "9-lives"}, codes.OK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.RegisterProject(t.Context(), &adminpb.ProjectRegisterRequest{Project: tc.project})
			wantCode(t, err, tc.want)
		})
	}
}

func TestAdminUpdateProjectKeepsOmittedFields(t *testing.T) {
	t.Parallel()
	b, conn := dial(t, Config{})
	b.AddProject(Project{ID: "full", Name: "Full", Description: "much", Labels: map[string]string{"team": "a"}})
	c := servicepb.NewAdminServiceClient(conn)

	_, err := c.UpdateProject(t.Context(), &adminpb.Project{Id: "ghost"})
	wantCode(t, err, codes.NotFound)

	// When an update names the state only, then texts and labels stay.
	_, err = c.UpdateProject(t.Context(), &adminpb.Project{Id: "full", State: adminpb.Project_ARCHIVED})
	wantCode(t, err, codes.OK)
	got, err := c.GetProject(t.Context(), &adminpb.ProjectGetRequest{Id: "full"})
	wantCode(t, err, codes.OK)
	if got.GetDescription() != "much" || got.GetLabels().GetValues()["team"] != "a" || got.GetState() != adminpb.Project_ARCHIVED {
		t.Errorf("after the update: %v", got)
	}

	// When it names them, then they change.
	_, err = c.UpdateProject(t.Context(), &adminpb.Project{
		Id: "full", Description: "little", Labels: &adminpb.Labels{Values: map[string]string{"team": "b"}},
	})
	wantCode(t, err, codes.OK)
	got, err = c.GetProject(t.Context(), &adminpb.ProjectGetRequest{Id: "full"})
	wantCode(t, err, codes.OK)
	if got.GetDescription() != "little" || got.GetLabels().GetValues()["team"] != "b" {
		t.Errorf("after the second update: %v", got)
	}
}

func TestAdminReturnsDomainsAndVersion(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{Version: "v9.9.9"})
	c := servicepb.NewAdminServiceClient(conn)
	domains, err := c.GetDomains(t.Context(), &adminpb.GetDomainRequest{})
	wantCode(t, err, codes.OK)
	var ids []string
	for _, d := range domains.GetDomains() {
		ids = append(ids, d.GetId())
	}
	if diff := cmp.Diff([]string{"development", "production", "staging"}, ids); diff != "" {
		t.Errorf("domains (-want +got):\n%s", diff)
	}
	version, err := c.GetVersion(t.Context(), &adminpb.GetVersionRequest{})
	wantCode(t, err, codes.OK)
	if got := version.GetControlPlaneVersion().GetVersion(); got != "v9.9.9" {
		t.Errorf("version %q", got)
	}
}
