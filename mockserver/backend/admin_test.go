package backend

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

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
		"limit 0 is all": {req: &adminpb.ProjectListRequest{}, want: []string{"alpha", "beta", "demo"}},
		"full page":      {req: &adminpb.ProjectListRequest{Limit: 3}, want: []string{"alpha", "beta", "demo"}, token: "3"},
		"numeric offset": {req: &adminpb.ProjectListRequest{Limit: 3, Token: "1"}, want: []string{"beta", "demo"}},
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
		"longest":    {&adminpb.Project{Id: strings.Repeat("a", 63), Name: "n"}, codes.OK},
		"domains":    {&adminpb.Project{Id: "ok", Domains: []*adminpb.Domain{{Id: "moon"}}}, codes.InvalidArgument},
		"duplicate":  {&adminpb.Project{Id: "demo", Name: "n"}, codes.AlreadyExists},
		"good":       {&adminpb.Project{Id: "9-lives", Name: "n"}, codes.OK},
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

func TestAdminListProjectsReadsItsOwnFilterLanguage(t *testing.T) {
	t.Parallel()
	b, conn := dial(t, Config{Now: clock()})
	b.AddProject(Project{ID: "beta", Name: "second", Labels: map[string]string{"team": "x"}})
	b.AddProject(Project{ID: "alpha", Name: "first"})
	c := servicepb.NewAdminServiceClient(conn)
	sortBy := func(key string, d adminpb.Sort_Direction) *adminpb.Sort { return &adminpb.Sort{Key: key, Direction: d} }

	for name, tc := range map[string]struct {
		req  *adminpb.ProjectListRequest
		want []string
		code codes.Code
	}{
		"without a sort by identifier": {req: &adminpb.ProjectListRequest{}, want: []string{"alpha", "beta", "demo"}},
		"gt":                           {req: &adminpb.ProjectListRequest{Filters: "gt(identifier,alpha)"}, want: []string{"beta", "demo"}},
		"gte":                          {req: &adminpb.ProjectListRequest{Filters: "gte(identifier,beta)"}, want: []string{"beta", "demo"}},
		"lt":                           {req: &adminpb.ProjectListRequest{Filters: "lt(identifier,beta)"}, want: []string{"alpha"}},
		"lte":                          {req: &adminpb.ProjectListRequest{Filters: "lte(identifier,beta)"}, want: []string{"alpha", "beta"}},
		"not_like":                     {req: &adminpb.ProjectListRequest{Filters: "not_like(identifier,%a)"}, want: []string{"demo"}},
		"project.identifier":           {req: &adminpb.ProjectListRequest{Filters: "eq(project.identifier,beta)"}, want: []string{"beta"}},
		"id is the number of the row":  {req: &adminpb.ProjectListRequest{Filters: "eq(id,3)"}, want: []string{"alpha"}},
		"labels":                       {req: &adminpb.ProjectListRequest{Filters: "contains(labels,team)"}, want: []string{"beta"}},
		"sort by id": {
			req: &adminpb.ProjectListRequest{SortBy: sortBy("id", adminpb.Sort_ASCENDING)}, want: []string{"demo", "beta", "alpha"},
		},
		"an empty value":             {req: &adminpb.ProjectListRequest{Filters: "eq(identifier,)"}, code: codes.InvalidArgument},
		"a blank before the field":   {req: &adminpb.ProjectListRequest{Filters: "eq( identifier,beta)"}, code: codes.InvalidArgument},
		"a blank after the field":    {req: &adminpb.ProjectListRequest{Filters: "eq(identifier ,beta)"}, code: codes.InvalidArgument},
		"an empty sort key":          {req: &adminpb.ProjectListRequest{SortBy: &adminpb.Sort{}}, code: codes.InvalidArgument},
		"an unknown direction":       {req: &adminpb.ProjectListRequest{SortBy: sortBy("id", 7)}, code: codes.InvalidArgument},
		"an unknown function":        {req: &adminpb.ProjectListRequest{Filters: "near(identifier,beta)"}, code: codes.InvalidArgument},
		"an unknown column":          {req: &adminpb.ProjectListRequest{Filters: "eq(color,red)"}, code: codes.InvalidArgument},
		"an unknown entity's column": {req: &adminpb.ProjectListRequest{Filters: "eq(task.identifier,x)"}, code: codes.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.ListProjects(t.Context(), tc.req)
			wantCode(t, err, tc.code)
			var ids []string
			for _, p := range got.GetProjects() {
				ids = append(ids, p.GetId())
			}
			if diff := cmp.Diff(tc.want, ids); diff != "" {
				t.Errorf("projects (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAdminLimitsThePartsOfAProject(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	c := servicepb.NewAdminServiceClient(conn)
	labels := func(n int) *adminpb.Labels {
		out := map[string]string{}
		for i := range n {
			out["key"+strconv.Itoa(i)] = "value"
		}
		return &adminpb.Labels{Values: out}
	}
	label := func(key, value string) *adminpb.Labels { return &adminpb.Labels{Values: map[string]string{key: value}} }
	for name, tc := range map[string]struct {
		project *adminpb.Project
		want    codes.Code
	}{
		"as much as there may be": {
			&adminpb.Project{Name: strings.Repeat("n", 64), Description: strings.Repeat("d", 300), Labels: labels(16)}, codes.OK,
		},
		"a label with a prefix": {&adminpb.Project{Name: "n", Labels: label("example.com/team", "")}, codes.OK},
		"name of 65":            {&adminpb.Project{Name: strings.Repeat("n", 65)}, codes.InvalidArgument},
		"description of 301":    {&adminpb.Project{Name: "n", Description: strings.Repeat("d", 301)}, codes.InvalidArgument},
		"17 labels":             {&adminpb.Project{Name: "n", Labels: labels(17)}, codes.InvalidArgument},
		"a bad key":             {&adminpb.Project{Name: "n", Labels: label("a b", "v")}, codes.InvalidArgument},
		"a bad prefix":          {&adminpb.Project{Name: "n", Labels: label("A_/b", "v")}, codes.InvalidArgument},
		"a bad value":           {&adminpb.Project{Name: "n", Labels: label("a", "-v")}, codes.InvalidArgument},
		"domains":               {&adminpb.Project{Name: "n", Domains: []*adminpb.Domain{{Id: "moon"}}}, codes.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fresh := proto.CloneOf(tc.project)
			fresh.Id = strings.ReplaceAll(name, " ", "-")
			_, err := c.RegisterProject(t.Context(), &adminpb.ProjectRegisterRequest{Project: fresh})
			wantCode(t, err, tc.want)
			old := proto.CloneOf(tc.project)
			old.Id = "demo"
			_, err = c.UpdateProject(t.Context(), old)
			wantCode(t, err, tc.want)
		})
	}
	_, err := c.RegisterProject(t.Context(), &adminpb.ProjectRegisterRequest{Project: &adminpb.Project{Id: "nameless"}})
	wantCode(t, err, codes.InvalidArgument)
	_, err = c.UpdateProject(t.Context(), &adminpb.Project{Name: "n"})
	wantStatus(t, err, codes.InvalidArgument, "missing project_id")
}

func TestAdminAnswersHaveLabelsAndATimeOfBuild(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	c := servicepb.NewAdminServiceClient(conn)
	got, err := c.GetProject(t.Context(), &adminpb.ProjectGetRequest{Id: "demo"})
	wantCode(t, err, codes.OK)
	if got.GetLabels() == nil || len(got.GetLabels().GetValues()) != 0 {
		t.Errorf("labels are %v, want them present and empty", got.GetLabels())
	}
	version, err := c.GetVersion(t.Context(), &adminpb.GetVersionRequest{})
	wantCode(t, err, codes.OK)
	if _, err := time.Parse(time.RFC3339, version.GetControlPlaneVersion().GetBuildTime()); err != nil {
		t.Errorf("built at %q: %v", version.GetControlPlaneVersion().GetBuildTime(), err)
	}
}
