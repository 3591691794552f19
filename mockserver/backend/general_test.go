package backend

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func TestOrganizationsAreIgnored(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	tasks, secrets := taskpb.NewTaskServiceClient(conn), secretpb.NewSecretServiceClient(conn)

	// Given things that were stored under one organization…
	deploy(t, conn, taskID("env.fn", "v1"), plainSpec())
	_, err := secrets.CreateSecret(t.Context(), &secretpb.CreateSecretRequest{
		Id: &secretpb.SecretIdentifier{Name: "s", Organization: "acme"}, SecretSpec: textSecret("v"),
	})
	wantCode(t, err, codes.OK)

	// …when another asks, then it finds them, and what storage answers has none.
	other := taskID("env.fn", "v1")
	other.Org = "globex"
	details, err := tasks.GetTaskDetails(t.Context(), &taskpb.GetTaskDetailsRequest{TaskId: other})
	wantCode(t, err, codes.OK)
	if org := details.GetDetails().GetTaskId().GetOrg(); org != "" {
		t.Errorf("task has org %q, want none", org)
	}
	listed, err := tasks.ListTasks(t.Context(), &taskpb.ListTasksRequest{ScopeBy: &taskpb.ListTasksRequest_Org{Org: "globex"}})
	wantCode(t, err, codes.OK)
	if len(listed.GetTasks()) != 1 || listed.GetTasks()[0].GetTaskId().GetOrg() != "" {
		t.Errorf("ListTasks: %v", listed)
	}
	list, err := secrets.ListSecrets(t.Context(), &secretpb.ListSecretsRequest{Organization: "globex"})
	wantCode(t, err, codes.OK)
	if len(list.GetSecrets()) != 1 || list.GetSecrets()[0].GetId().GetOrganization() != "" {
		t.Errorf("ListSecrets: %v", list)
	}
	project, err := projectpb.NewProjectServiceClient(conn).GetProject(t.Context(), &projectpb.GetProjectRequest{Id: "demo", Org: "globex"})
	wantCode(t, err, codes.OK)
	if project.GetProject().GetOrg() != "" {
		t.Errorf("project has org %q, want none", project.GetProject().GetOrg())
	}

	// …but GetSecret echoes the identifier as it was sent.
	one, err := secrets.GetSecret(t.Context(), &secretpb.GetSecretRequest{
		Id: &secretpb.SecretIdentifier{Name: "s", Organization: "globex"},
	})
	wantCode(t, err, codes.OK)
	if org := one.GetSecret().GetId().GetOrganization(); org != "globex" {
		t.Errorf("GetSecret echoes org %q, want globex", org)
	}
}

func TestOrganizationsOfRunsAreIgnored(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		// What CreateRun and lists answer has none…
		created := w.start(t, "r1")
		listed := must(w.runs.ListRuns(t.Context(), &workflowpb.ListRunsRequest{ScopeBy: &workflowpb.ListRunsRequest_Org{Org: "globex"}}))(t)
		if len(listed.GetRuns()) != 1 {
			t.Fatalf("another organization lists %v", listed)
		}
		actions := must(w.runs.ListActions(t.Context(), &workflowpb.ListActionsRequest{RunId: runID("r1")}))(t)
		for from, a := range map[string]*workflowpb.Action{
			"CreateRun": created.GetAction(), "ListRuns": listed.GetRuns()[0].GetAction(), "ListActions": actions.GetActions()[0],
		} {
			if a.GetId().GetRun().GetOrg() != "" || a.GetMetadata().GetTask().GetId().GetOrg() != "" {
				t.Errorf("%s answers an organization: %v", from, a)
			}
		}

		// …and details echo the identifier as it was sent.
		id := actionID("r1", "a0")
		id.Run.Org = "globex"
		ofRun := must(w.runs.GetRunDetails(t.Context(), &workflowpb.GetRunDetailsRequest{RunId: id.GetRun()}))(t)
		wantProto(t, ofRun.GetDetails().GetAction().GetId(), id)
		ofAction := must(w.runs.GetActionDetails(t.Context(), &workflowpb.GetActionDetailsRequest{ActionId: id}))(t)
		wantProto(t, ofAction.GetDetails().GetId(), id)
	})
}

func TestPageTokensAreOffsets(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	for i := range 3 {
		deploy(t, conn, taskID("fn"+strconv.Itoa(i), "v1"), plainSpec())
	}
	c := taskpb.NewTaskServiceClient(conn)
	list := func(t *testing.T, token string) (*taskpb.ListTasksResponse, error) {
		t.Helper()
		return c.ListTasks(t.Context(), &taskpb.ListTasksRequest{Request: &commonpb.ListRequest{Limit: 2, Token: token}})
	}

	first, err := list(t, "")
	wantCode(t, err, codes.OK)
	if first.GetToken() != "2" {
		t.Errorf("token %q, want the decimal offset 2", first.GetToken())
	}
	for _, token := range []string{"-1", "1.5", "abc", "1 ", "0x1", "99999999999999999999"} {
		_, err := list(t, token)
		wantCode(t, err, codes.InvalidArgument)
	}
	second, err := list(t, first.GetToken())
	wantCode(t, err, codes.OK)
	if len(second.GetTasks()) != 1 || second.GetTasks()[0].GetTaskId().GetName() != "fn0" || second.GetToken() != "" {
		t.Errorf("second page: %v", second)
	}
	for _, token := range []string{"3", "1000", "9000000000"} {
		past, err := list(t, token)
		wantCode(t, err, codes.OK)
		if len(past.GetTasks()) != 0 || past.GetToken() != "" {
			t.Errorf("past the end: %v", past)
		}
	}
}

func TestListRequestsFilterSortAndPage(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{Now: clock()})
	for i := range 60 {
		deploy(t, conn, taskID("fn"+strconv.Itoa(100+i), "v"+strconv.Itoa(i%2)), plainSpec())
	}
	c := taskpb.NewTaskServiceClient(conn)
	type F = commonpb.Filter
	ascending := func(key string) *commonpb.Sort { return &commonpb.Sort{Key: key, Direction: commonpb.Sort_ASCENDING} }
	deprecated := func(by *commonpb.Sort, fields ...*commonpb.Sort) *commonpb.ListRequest {
		return &commonpb.ListRequest{SortBy: by, SortByFields: fields} //nolint:staticcheck // the deprecated field is what is tested
	}

	for name, tc := range map[string]struct {
		req   *commonpb.ListRequest
		code  codes.Code
		rows  int
		first string
	}{
		"no request":         {nil, codes.OK, 50, "fn159"},
		"limit 0":            {&commonpb.ListRequest{}, codes.OK, 50, "fn159"},
		"limit 1":            {&commonpb.ListRequest{Limit: 1}, codes.OK, 1, "fn159"},
		"limit 200":          {&commonpb.ListRequest{Limit: 200}, codes.OK, 60, "fn159"},
		"limit over 200":     {&commonpb.ListRequest{Limit: 201}, codes.InvalidArgument, 0, ""},
		"deprecated sort":    {deprecated(ascending("name")), codes.OK, 50, "fn100"},
		"sort fields win":    {deprecated(ascending("name"), &commonpb.Sort{Key: "name"}), codes.OK, 50, "fn159"},
		"second sort field":  {&commonpb.ListRequest{SortByFields: []*commonpb.Sort{{Key: "version"}, ascending("name")}}, codes.OK, 50, "fn101"},
		"ties keep order":    {&commonpb.ListRequest{SortByFields: []*commonpb.Sort{ascending("version")}}, codes.OK, 50, "fn158"},
		"unknown sort":       {&commonpb.ListRequest{SortByFields: []*commonpb.Sort{{Key: "nope"}}}, codes.InvalidArgument, 0, ""},
		"unknown old sort":   {deprecated(ascending("nope")), codes.InvalidArgument, 0, ""},
		"unknown filter":     {&commonpb.ListRequest{Filters: []*F{filter(commonpb.Filter_EQUAL, "nope", "1")}}, codes.InvalidArgument, 0, ""},
		"without values":     {&commonpb.ListRequest{Filters: []*F{filter(commonpb.Filter_EQUAL, "name")}}, codes.InvalidArgument, 0, ""},
		"VALUE_NOT_IN":       {&commonpb.ListRequest{Filters: []*F{filter(commonpb.Filter_VALUE_NOT_IN, "name", "x")}}, codes.InvalidArgument, 0, ""},
		"EXISTS":             {&commonpb.ListRequest{Filters: []*F{filter(commonpb.Filter_EXISTS, "name", "x")}}, codes.InvalidArgument, 0, ""},
		"NOT_EXISTS":         {&commonpb.ListRequest{Filters: []*F{filter(commonpb.Filter_NOT_EXISTS, "name", "x")}}, codes.InvalidArgument, 0, ""},
		"raw filters":        {&commonpb.ListRequest{RawFilters: []string{"eq(name,x)"}}, codes.OK, 50, "fn159"},
		"filters are ANDed":  {&commonpb.ListRequest{Filters: []*F{filter(commonpb.Filter_EQUAL, "version", "v1"), filter(commonpb.Filter_LESS_THAN, "name", "fn110")}}, codes.OK, 5, "fn109"},
		"VALUE_IN":           {&commonpb.ListRequest{Filters: []*F{filter(commonpb.Filter_VALUE_IN, "name", "fn100", "fn105")}}, codes.OK, 2, "fn105"},
		"CONTAINS":           {&commonpb.ListRequest{Filters: []*F{filter(commonpb.Filter_CONTAINS, "name", "n11")}}, codes.OK, 10, "fn119"},
		"contains, any case": {&commonpb.ListRequest{Filters: []*F{filter(commonpb.Filter_CONTAINS_CASE_INSENSITIVE, "name", "N11")}}, codes.OK, 10, "fn119"},
		"ENDS_WITH":          {&commonpb.ListRequest{Filters: []*F{filter(commonpb.Filter_ENDS_WITH, "name", "9")}}, codes.OK, 6, "fn159"},
		"NOT_ENDS_WITH":      {&commonpb.ListRequest{Limit: 200, Filters: []*F{filter(commonpb.Filter_NOT_ENDS_WITH, "name", "9")}}, codes.OK, 54, "fn158"},
		"NOT_EQUAL":          {&commonpb.ListRequest{Limit: 200, Filters: []*F{filter(commonpb.Filter_NOT_EQUAL, "name", "fn159")}}, codes.OK, 59, "fn158"},
		"times compare":      {&commonpb.ListRequest{Filters: []*F{filter(commonpb.Filter_LESS_THAN_OR_EQUAL, "created_at", "2026-01-02T03:04:07Z")}}, codes.OK, 1, "fn100"},
		"a bad time":         {&commonpb.ListRequest{Filters: []*F{filter(commonpb.Filter_EQUAL, "created_at", "yesterday")}}, codes.InvalidArgument, 0, ""},
		"numbers compare":    {&commonpb.ListRequest{Limit: 200, Filters: []*F{filter(commonpb.Filter_GREATER_THAN_OR_EQUAL, "total_triggers", "0")}}, codes.OK, 60, "fn159"},
		"a bad number":       {&commonpb.ListRequest{Filters: []*F{filter(commonpb.Filter_GREATER_THAN, "total_triggers", "many")}}, codes.InvalidArgument, 0, ""},
		"text in a number":   {&commonpb.ListRequest{Filters: []*F{filter(commonpb.Filter_CONTAINS, "total_triggers", "1")}}, codes.InvalidArgument, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.ListTasks(t.Context(), &taskpb.ListTasksRequest{Request: tc.req})
			wantCode(t, err, tc.code)
			if err != nil {
				return
			}
			var names []string
			for _, task := range got.GetTasks() {
				names = append(names, task.GetTaskId().GetName())
			}
			if len(names) != tc.rows || names[0] != tc.first {
				t.Errorf("got %d rows %v, want %d from %s on", len(names), names, tc.rows, tc.first)
			}
		})
	}
}

func TestSortMovesNoRowOfTheCaller(t *testing.T) {
	t.Parallel()
	given := newestFirst[int64]{2, 3, 1}
	cols := columns[int64]{"n": numberColumn(func(n int64) int64 { return n })}
	q, err := readQuery(&commonpb.ListRequest{SortByFields: []*commonpb.Sort{{Key: "n"}}}, cols, false)
	wantCode(t, err, codes.OK)
	got, more := q.page(given)
	if diff := cmp.Diff([]int64{3, 2, 1}, got); diff != "" || more {
		t.Errorf("sorted, more %t (-want +got):\n%s", more, diff)
	}
	if diff := cmp.Diff(newestFirst[int64]{2, 3, 1}, given); diff != "" {
		t.Errorf("the caller's rows were moved (-want +got):\n%s", diff)
	}
	_, err = readQuery(&commonpb.ListRequest{Filters: []*commonpb.Filter{filter(commonpb.Filter_EQUAL, "n", "maybe")}}, cols, false)
	wantCode(t, err, codes.InvalidArgument)
}
