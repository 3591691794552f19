package backend

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

func TestGetProject(t *testing.T) {
	t.Parallel()
	b, conn := dial(t, Config{})
	b.AddProject(Project{ID: "old", Archived: true})
	c := projectpb.NewProjectServiceClient(conn)

	_, err := c.GetProject(t.Context(), &projectpb.GetProjectRequest{})
	wantStatus(t, err, codes.InvalidArgument, "id is required")
	_, err = c.GetProject(t.Context(), &projectpb.GetProjectRequest{Id: "X"})
	wantStatus(t, err, codes.NotFound, "project not found: X")

	got, err := c.GetProject(t.Context(), &projectpb.GetProjectRequest{Id: "old"})
	wantCode(t, err, codes.OK)
	if got.GetProject().GetState() != projectpb.ProjectState_PROJECT_STATE_ARCHIVED {
		t.Errorf("archived project came back as %v", got)
	}
}

func TestDomainsComeFromTheConfiguration(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	c := projectpb.NewProjectServiceClient(conn)
	_, err := c.CreateProject(t.Context(), &projectpb.CreateProjectRequest{Project: &projectpb.Project{
		Id: "own", Domains: []*projectpb.Domain{{Id: "moon", Name: "Moon"}},
	}})
	wantCode(t, err, codes.OK)

	got, err := c.GetProject(t.Context(), &projectpb.GetProjectRequest{Id: "own"})
	wantCode(t, err, codes.OK)
	var have []string
	for _, d := range got.GetProject().GetDomains() {
		have = append(have, d.GetId()+"/"+d.GetName())
	}
	want := []string{"development/Development", "production/Production", "staging/Staging"}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("domains (-want +got):\n%s", diff)
	}
}

func TestCreateProjectOnceAndUpdateReplacesIt(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	c := projectpb.NewProjectServiceClient(conn)

	for name, tc := range map[string]struct {
		project *projectpb.Project
		want    codes.Code
	}{
		"nil":       {nil, codes.InvalidArgument},
		"empty id":  {&projectpb.Project{Name: "n"}, codes.InvalidArgument},
		"duplicate": {&projectpb.Project{Id: "demo"}, codes.AlreadyExists},
		"odd id":    {&projectpb.Project{Id: "Not A Label!"}, codes.OK},
	} {
		t.Run("create "+name, func(t *testing.T) {
			t.Parallel()
			_, err := c.CreateProject(t.Context(), &projectpb.CreateProjectRequest{Project: tc.project})
			wantCode(t, err, tc.want)
		})
	}

	t.Run("update", func(t *testing.T) {
		t.Parallel()
		_, err := c.UpdateProject(t.Context(), &projectpb.UpdateProjectRequest{Project: &projectpb.Project{Id: "ghost"}})
		wantCode(t, err, codes.NotFound)

		// Given a full project, when an update names one field only…
		_, err = c.CreateProject(t.Context(), &projectpb.CreateProjectRequest{Project: &projectpb.Project{
			Id: "full", Name: "Full", Description: "much", Labels: &taskpb.Labels{Values: map[string]string{"team": "a"}},
		}})
		wantCode(t, err, codes.OK)
		_, err = c.UpdateProject(t.Context(), &projectpb.UpdateProjectRequest{Project: &projectpb.Project{Id: "full", Description: "little"}})
		wantCode(t, err, codes.OK)

		// …then the others are cleared.
		got, err := c.GetProject(t.Context(), &projectpb.GetProjectRequest{Id: "full"})
		wantCode(t, err, codes.OK)
		p := got.GetProject()
		if p.GetDescription() != "little" || p.GetName() != "" || len(p.GetLabels().GetValues()) != 0 {
			t.Errorf("after the update: %v", p)
		}
	})
}

func TestListProjectsFiltersSortsAndPages(t *testing.T) {
	t.Parallel()
	b, conn := dial(t, Config{Now: clock()})
	b.AddProject(Project{ID: "alpha", Name: "First"})
	b.AddProject(Project{ID: "beta", Name: "second first"})
	b.AddProject(Project{ID: "old", Name: "gone", Archived: true})
	c := projectpb.NewProjectServiceClient(conn)

	for name, tc := range map[string]struct {
		req   *projectpb.ListProjectsRequest
		want  []string
		token string
		code  codes.Code
	}{
		"all, unsorted, without archived": {req: &projectpb.ListProjectsRequest{}, want: []string{"demo", "alpha", "beta"}},
		"no upper bound":                  {req: &projectpb.ListProjectsRequest{Limit: 100000}, want: []string{"demo", "alpha", "beta"}},
		"org is ignored":                  {req: &projectpb.ListProjectsRequest{Org: "acme"}, want: []string{"demo", "alpha", "beta"}},
		"first page": {
			req: &projectpb.ListProjectsRequest{Limit: 2}, want: []string{"demo", "alpha"}, token: "2",
		},
		"short page": {req: &projectpb.ListProjectsRequest{Limit: 2, Token: "2"}, want: []string{"beta"}},
		"full last page": {
			req: &projectpb.ListProjectsRequest{Limit: 3}, want: []string{"demo", "alpha", "beta"}, token: "3",
		},
		"empty page after it": {req: &projectpb.ListProjectsRequest{Limit: 3, Token: "3"}},
		"bad token":           {req: &projectpb.ListProjectsRequest{Token: "x"}, code: codes.InvalidArgument},
		"a filter shows archived": {
			req: &projectpb.ListProjectsRequest{Filters: "ne(identifier,demo)"}, want: []string{"alpha", "beta", "old"},
		},
		"two filters": {
			req: &projectpb.ListProjectsRequest{Filters: "contains(name,first)+eq(state,0)"}, want: []string{"beta"},
		},
		"value_in": {
			req: &projectpb.ListProjectsRequest{Filters: "value_in(identifier,old;alpha)"}, want: []string{"alpha", "old"},
		},
		"by state":         {req: &projectpb.ListProjectsRequest{Filters: "eq(state,1)"}, want: []string{"old"}},
		"id is no column":  {req: &projectpb.ListProjectsRequest{Filters: "eq(id,alpha)"}, code: codes.InvalidArgument},
		"unknown function": {req: &projectpb.ListProjectsRequest{Filters: "gt(name,a)"}, code: codes.InvalidArgument},
		"unknown form":     {req: &projectpb.ListProjectsRequest{Filters: "name=a"}, code: codes.InvalidArgument},
		"sort is descending": {
			req:  &projectpb.ListProjectsRequest{SortBy: &commonpb.Sort{Key: "identifier"}},
			want: []string{"demo", "beta", "alpha"},
		},
		"sort ascending": {
			req: &projectpb.ListProjectsRequest{
				SortBy: &commonpb.Sort{Key: "created_at", Direction: commonpb.Sort_ASCENDING}, Filters: "contains(identifier,a)",
			},
			want: []string{"alpha", "beta"},
		},
		"unknown sort key": {
			req: &projectpb.ListProjectsRequest{SortBy: &commonpb.Sort{Key: "id"}}, code: codes.InvalidArgument,
		},
		"nothing found": {req: &projectpb.ListProjectsRequest{Filters: "eq(name,nobody)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.ListProjects(t.Context(), tc.req)
			wantCode(t, err, tc.code)
			if err != nil {
				return
			}
			if got.Projects == nil {
				t.Fatal("projects is unset, want it set even if the list is empty")
			}
			var ids []string
			for _, p := range got.GetProjects().GetProjects() {
				ids = append(ids, p.GetId())
			}
			if diff := cmp.Diff(tc.want, ids); diff != "" {
				t.Errorf("projects (-want +got):\n%s", diff)
			}
			if got.GetProjects().GetToken() != tc.token {
				t.Errorf("token %q, want %q", got.GetProjects().GetToken(), tc.token)
			}
		})
	}
}

func FuzzParseProjectFilters(f *testing.F) {
	for _, seed := range []string{"", "eq(a,b)", "eq(a,b)+value_in(c,d;e)", "eq(a", "+", "(,)", "ne(name,a,b)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		filters, err := parseProjectFilters(text)
		if err != nil {
			wantCode(t, err, codes.InvalidArgument)
			return
		}
		for _, flt := range filters {
			if len(flt.values) == 0 {
				t.Errorf("%q gave a filter without values", text)
			}
		}
	})
}
