package backend

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
)

func (w *appWorld) list(t *testing.T, req *apppb.ListRequest) (names []string) {
	t.Helper()
	for _, app := range must(w.apps.List(t.Context(), req))(t).GetApps() {
		id := app.GetMetadata().GetId()
		names = append(names, id.GetProject()+"/"+id.GetDomain()+"/"+id.GetName())
	}
	return names
}

func ofProject(project, domain string) *apppb.ListRequest {
	return &apppb.ListRequest{FilterBy: &apppb.ListRequest_Project{Project: &commonpb.ProjectIdentifier{Name: project, Domain: domain}}}
}

func consuming(version string) *apppb.ListRequest {
	return &apppb.ListRequest{FilterBy: &apppb.ListRequest_Artifact{Artifact: &apppb.ConsumedArtifactFilter{
		Project: "p1", Domain: "development", Name: "model", Version: version,
	}}}
}

// fill creates p1/development/a, p1/staging/b and p2/development/c; the first takes
// version 3 of an artifact.
func (w *appWorld) fill(t *testing.T) {
	t.Helper()
	for _, at := range [][3]string{{"p2", "development", "c"}, {"p1", "staging", "b"}, {"p1", "development", "a"}} {
		app := newApp(at[2], "v1")
		app.Metadata.Id.Project, app.Metadata.Id.Domain = at[0], at[1]
		if at[2] == "a" {
			app.Spec.Inputs = &apppb.InputList{Items: []*apppb.Input{{Name: "in", Value: &apppb.Input_ArtifactId{
				ArtifactId: &corepb.ArtifactVersionId{Key: &corepb.ArtifactKey{Project: "p1", Domain: "development", Name: "model"}, Version: "3"},
			}}}}
		}
		w.create(t, app)
	}
}

func TestItem51ListIsOfAProjectOrAll(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		withApps(t, Config{Strict: strict}, func(t *testing.T, w *appWorld) {
			w.fill(t)
			all := []string{"p1/development/a", "p1/staging/b", "p2/development/c"}
			lax := map[string]struct {
				req  *apppb.ListRequest
				want []string
			}{
				"no scope":   {&apppb.ListRequest{}, all},
				"no project": {ofProject("", ""), all},
				"project":    {ofProject("p1", ""), all[:2]},
				"domain":     {ofProject("", "development"), []string{all[0], all[2]}},
			}
			both := map[string]struct {
				req  *apppb.ListRequest
				want []string
			}{
				"project and domain": {ofProject("p1", "staging"), all[1:2]},
				"nothing there":      {ofProject("p3", "staging"), nil},
				"artifact":           {consuming("3"), all},
				"another version":    {consuming("4"), all},
				"any version":        {consuming(""), all},
			}
			for name, tc := range both {
				if strict && name == "another version" {
					tc.want = nil
				} else if strict && tc.req.GetArtifact() != nil {
					tc.want = all[:1]
				}
				if diff := cmp.Diff(tc.want, w.list(t, tc.req)); diff != "" {
					t.Errorf("%s, strict %t (-want +got):\n%s", name, strict, diff)
				}
			}
			for name, tc := range lax {
				if strict {
					break // whose rules require a scope
				}
				if diff := cmp.Diff(tc.want, w.list(t, tc.req)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			for _, req := range []*apppb.ListRequest{
				{FilterBy: &apppb.ListRequest_Org{Org: "acme"}},
				{FilterBy: &apppb.ListRequest_ClusterId{ClusterId: &commonpb.ClusterIdentifier{Name: "c"}}},
			} {
				_, err := w.apps.List(t.Context(), req)
				wantCode(t, err, codes.Unimplemented)
			}
		})
	}
}

func TestItem51PagesHaveNoLargestSizeAndAnOpaqueToken(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		var want []string
		for i := range 205 {
			if err := w.AddApp(newApp(fmt.Sprintf("app-%03d", i), "v1")); err != nil {
				t.Fatal(err)
			}
			want = append(want, fmt.Sprintf("p1/development/app-%03d", i))
		}
		if got := w.list(t, &apppb.ListRequest{}); !slices.Equal(got, want) {
			t.Errorf("without a limit there are %d apps, want all 205", len(got))
		}
		var got []string
		token := ""
		for page := range 3 {
			answer := must(w.apps.List(t.Context(), &apppb.ListRequest{Request: &commonpb.ListRequest{Limit: 202, Token: token}}))(t)
			for _, app := range answer.GetApps() {
				got = append(got, "p1/development/"+app.GetMetadata().GetId().GetName())
			}
			if page == 0 { // what goes between two pages does no harm
				must(w.apps.Delete(t.Context(), &apppb.DeleteRequest{AppId: appID("app-000")}))(t)
			}
			if token = answer.GetToken(); token == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of 202 have %d apps, want each of 205 once", len(got))
		}
		_, err := w.apps.List(t.Context(), &apppb.ListRequest{Request: &commonpb.ListRequest{Token: "1"}})
		wantCode(t, err, codes.InvalidArgument)
	})
}

func TestItem51FiltersOrdersAndTotalsAreIgnored(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.fill(t)
		answer := must(w.apps.List(t.Context(), &apppb.ListRequest{IncludeTotalCount: true, Request: &commonpb.ListRequest{
			Filters:      []*commonpb.Filter{{Field: "no such field", Function: commonpb.Filter_EQUAL, Values: []string{"x"}}},
			SortByFields: []*commonpb.Sort{{Key: "nor this one"}},
		}}))(t)
		if len(answer.GetApps()) != 3 || answer.GetTotalCount() != 0 || answer.GetToken() != "" {
			t.Errorf("got %d apps, a total of %d, token %q, want 3 and no more", len(answer.GetApps()), answer.GetTotalCount(), answer.GetToken())
		}
		wantProto(t, answer.GetApps()[0], w.get(t, appID("a")))
	})
}
