package backend

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	artifactpb "github.com/jetway-go/jetway/gen/flyteidl2/artifact"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	imagebuilderpb "github.com/jetway-go/jetway/gen/flyteidl2/imagebuilder"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// A server without the switch answers nothing, not even that a request is wrong.
func TestAppsAreOffOnACurrentServerUnlessTurnedOn(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		withApps(t, Config{CurrentOnly: true, Strict: strict}, func(t *testing.T, w *appWorld) {
			_, err := w.apps.Get(t.Context(), &apppb.GetRequest{})
			wantCode(t, err, codes.Unimplemented)
			_, err = rest(t, must(w.apps.Watch(t.Context(), &apppb.WatchRequest{}))(t))
			wantCode(t, err, codes.Unimplemented)
			_, err = rest(t, must(w.logs.TailLogs(t.Context(), &apppb.TailLogsRequest{}))(t))
			wantCode(t, err, codes.Unimplemented)
			w.ConfigureApps(AppConfig{})
			url := w.create(t, newApp("web", "v1")).GetStatus().GetIngress().GetPublicUrl()
			if url != "https://web-p1-development.apps.test" {
				t.Errorf("URL is %q, want the default domain", url)
			}
			w.ConfigureApps(AppConfig{Off: true})
			_, err = w.apps.Get(t.Context(), getApp(appID("web")))
			wantCode(t, err, codes.Unimplemented)
		})
	}
}

func TestServicesOfHostedServersAreUnimplemented(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	_, err := artifactpb.NewArtifactServiceClient(conn).GetArtifact(t.Context(), &artifactpb.GetArtifactRequest{})
	wantCode(t, err, codes.Unimplemented)
	_, err = imagebuilderpb.NewImageServiceClient(conn).GetImage(t.Context(), &imagebuilderpb.GetImageRequest{})
	wantCode(t, err, codes.Unimplemented)
	_, err = workflowpb.NewTrackedRunServiceClient(conn).CreateRun(t.Context(), &workflowpb.CreateTrackedRunRequest{})
	wantCode(t, err, codes.Unimplemented)
}

func (w *appWorld) lease(t *testing.T, cluster string) *inbox[apppb.LeaseResponse] {
	t.Helper()
	stream, err := w.apps.Lease(t.Context(), &apppb.LeaseRequest{Id: &commonpb.ClusterIdentifier{Name: cluster}})
	return follow(t, stream, err)
}

// leasedBy returns the apps of lease messages, with their cluster and last state.
func leasedBy(messages []*apppb.LeaseResponse) (out []string) {
	for _, m := range messages {
		for _, app := range m.GetApps() {
			state := "none"
			if states := statesOf(app); len(states) > 0 {
				state = states[len(states)-1].String()[len("DEPLOYMENT_STATUS_"):]
			}
			out = append(out, app.GetMetadata().GetId().GetName()+" "+app.GetStatus().GetAssignedCluster()+" "+state)
		}
	}
	return out
}

func report(app *apppb.App, cluster string, state apppb.Status_DeploymentStatus) *apppb.UpdateStatusRequest {
	return &apppb.UpdateStatusRequest{App: &apppb.App{
		Metadata: app.GetMetadata(),
		Status: &apppb.Status{
			AssignedCluster: cluster, Conditions: []*apppb.Condition{newCondition(state, "", time.Now())},
		},
	}}
}

func TestItem54LeaseAndUpdateStatusAreUnimplemented(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		_, err := rest(t, must(w.apps.Lease(t.Context(), &apppb.LeaseRequest{}))(t))
		wantCode(t, err, codes.Unimplemented)
		_, err = w.apps.UpdateStatus(t.Context(), &apppb.UpdateStatusRequest{})
		wantCode(t, err, codes.Unimplemented)
	})
}

func TestItem54ClustersRunTheAppsOfAServerWithOperators(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.ConfigureApps(AppConfig{Operator: true})
		w.create(t, newApp("old", "v1"))
		if got := statesOf(w.get(t, appID("old"))); len(got) != 1 || got[0] != unassigned {
			t.Errorf("states of a new app are %v, want UNASSIGNED", got)
		}
		east, west := w.lease(t, "east"), w.lease(t, "west")
		if diff := cmp.Diff([]string{"old east ASSIGNED"}, leasedBy(east.take())); diff != "" {
			t.Errorf("at once (-want +got):\n%s", diff)
		}
		watch := w.watch(t, appID("old"))
		watch.take()
		old := w.get(t, appID("old"))
		if states := statesOf(old); states[0] != assigned || !old.GetStatus().GetLeaseExpiration().AsTime().Equal(time.Now().Add(time.Minute)) {
			t.Errorf("status is %v, want a lease of a minute", old.GetStatus())
		}

		// Only the cluster that has it reports.
		_, err := w.apps.UpdateStatus(t.Context(), report(old, "west", active))
		wantCode(t, err, codes.FailedPrecondition)
		_, err = w.apps.UpdateStatus(t.Context(), report(newApp("none", "v1"), "east", active))
		wantCode(t, err, codes.NotFound)
		must(w.apps.UpdateStatus(t.Context(), report(old, "east", active)))(t)
		if diff := cmp.Diff([]string{"update p1/old ACTIVE"}, eventsOf(watch.take())); diff != "" {
			t.Errorf("a watch (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"old east ACTIVE"}, leasedBy(east.take())); diff != "" {
			t.Errorf("every change (-want +got):\n%s", diff)
		}
		if got := leasedBy(west.take()); len(got) != 0 {
			t.Errorf("the other cluster was sent %q, want nothing", got)
		}
	})
}

func TestItem54ALeaseLastsAMinuteLongerThanItsStream(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.ConfigureApps(AppConfig{Operator: true})
		w.create(t, newApp("web", "v1"))
		ctx, cancel := context.WithCancel(t.Context())
		stream, err := w.apps.Lease(ctx, &apppb.LeaseRequest{Id: &commonpb.ClusterIdentifier{Name: "east"}})
		in := follow(t, stream, err)
		in.open(t) // an hour
		if diff := cmp.Diff([]string{"web east ASSIGNED"}, leasedBy(in.take())); diff != "" {
			t.Errorf("sent within an hour (-want +got):\n%s", diff)
		}
		cancel()
		time.Sleep(leaseTime - leaseRenew - time.Second) // it may have been renewed a while ago
		if got := w.get(t, appID("web")).GetStatus().GetAssignedCluster(); got != "east" {
			t.Errorf("just after the stream %q has the app, want east", got)
		}
		time.Sleep(leaseRenew + time.Second)
		app := w.get(t, appID("web"))
		if states := statesOf(app); len(states) != 1 || states[0] != unassigned || app.GetStatus().GetLastAssignedCluster() != "east" {
			t.Errorf("a minute later the status is %v, want UNASSIGNED", app.GetStatus())
		}
		if diff := cmp.Diff([]string{"web west ASSIGNED"}, leasedBy(w.lease(t, "west").take())); diff != "" {
			t.Errorf("another cluster (-want +got):\n%s", diff)
		}
	})
}

func TestItem55AHostedServerCountsRevisionsAndKeepsMetadata(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.ConfigureApps(AppConfig{Hosted: true, BaseDomain: "example.org"})
		_, err := w.apps.Update(t.Context(), &apppb.UpdateRequest{App: newApp("web", "v1")})
		wantCode(t, err, codes.NotFound)
		created := must(w.apps.Create(as(t.Context(), "ada"), &apppb.CreateRequest{App: newApp("web", "v1")}))(t).GetApp()
		wantProto(t, created, w.get(t, appID("web")))
		if created.GetMetadata().GetRevision() != 1 || created.GetMetadata().GetLabels()["team"] != "a" || subject(created.GetSpec().GetCreator()) != "ada" {
			t.Errorf("created %v, want revision 1, the labels and the creator", created)
		}
		_, err = w.apps.Create(t.Context(), &apppb.CreateRequest{App: newApp("web", "v2")})
		wantCode(t, err, codes.AlreadyExists)

		change := func(revision uint64, image string, state apppb.Spec_DesiredState) (*apppb.App, error) {
			app := with(newApp("web", image), state)
			app.Metadata.Revision = revision
			answer, err := w.apps.Update(t.Context(), &apppb.UpdateRequest{App: app})
			return answer.GetApp(), err
		}
		for i, tc := range []struct {
			revision uint64
			image    string
			state    apppb.Spec_DesiredState
			code     codes.Code
			want     uint64
		}{
			{0, "v2", apppb.Spec_DESIRED_STATE_ACTIVE, codes.FailedPrecondition, 0},
			{1, "v2", apppb.Spec_DESIRED_STATE_ACTIVE, codes.OK, 2},
			{1, "v3", apppb.Spec_DESIRED_STATE_ACTIVE, codes.FailedPrecondition, 0},
			{2, "v2", apppb.Spec_DESIRED_STATE_ACTIVE, codes.OK, 2}, // nothing new
			{2, "v2", apppb.Spec_DESIRED_STATE_STOPPED, codes.OK, 3},
			{3, "v2", apppb.Spec_DESIRED_STATE_STARTED, codes.OK, 4}, //nolint:staticcheck // Flyte's own client still sends it
		} {
			t.Log("update", i)
			app, err := change(tc.revision, tc.image, tc.state)
			wantCode(t, err, tc.code)
			if got := app.GetMetadata().GetRevision(); got != tc.want {
				t.Errorf("revision is %d, want %d", got, tc.want)
			}
		}
		byURL := &apppb.GetRequest{Identifier: &apppb.GetRequest_Ingress{Ingress: &apppb.Ingress{PublicUrl: "https://web-p1-development.example.org"}}}
		wantProto(t, must(w.apps.Get(t.Context(), byURL))(t).GetApp(), w.get(t, appID("web")))
		_, err = w.apps.Get(t.Context(), &apppb.GetRequest{Identifier: &apppb.GetRequest_Ingress{Ingress: &apppb.Ingress{}}})
		wantCode(t, err, codes.NotFound)
	})
}

func TestItem55AHostedServerFiltersSortsAndWatchesScopes(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.ConfigureApps(AppConfig{Hosted: true})
		in := follow(t, must(w.apps.Watch(t.Context(), &apppb.WatchRequest{Target: &apppb.WatchRequest_Project{
			Project: &commonpb.ProjectIdentifier{Name: "p1", Domain: "development"},
		}}))(t), nil)
		for _, name := range []string{"c", "b", "a"} {
			must(w.apps.Create(as(t.Context(), "maker of "+name), &apppb.CreateRequest{App: newApp(name, "v1")}))(t)
			time.Sleep(time.Second)
		}
		w.AdvanceApps("b")
		w.AdvanceApps("c")
		time.Sleep(time.Second)
		if diff := cmp.Diff([]string{"create p1/c", "create p1/b", "create p1/a"}, eventsOf(in.take())[:3]); diff != "" {
			t.Errorf("a watch of the project (-want +got):\n%s", diff)
		}
		created := []*commonpb.Sort{{Key: "created_at", Direction: commonpb.Sort_ASCENDING}}
		filter := func(field string, by commonpb.Filter_Function, values ...string) []*commonpb.Filter {
			return []*commonpb.Filter{{Field: field, Function: by, Values: values}}
		}
		for name, tc := range map[string]struct {
			filters []*commonpb.Filter
			want    []string
		}{
			"all":     {nil, []string{"c", "b", "a"}},
			"phase":   {filter("status_phase", commonpb.Filter_EQUAL, pending.String()), []string{"c", "b"}},
			"phases":  {filter("status_phase", commonpb.Filter_VALUE_IN, active.String()), nil},
			"creator": {filter("created_by", commonpb.Filter_EQUAL, "maker of a"), []string{"a"}},
		} {
			var got []string
			answer := must(w.apps.List(t.Context(), &apppb.ListRequest{
				FilterBy: &apppb.ListRequest_Org{Org: "acme"}, IncludeTotalCount: true,
				Request: &commonpb.ListRequest{Filters: tc.filters, SortByFields: created},
			}))(t)
			for _, app := range answer.GetApps() {
				got = append(got, app.GetMetadata().GetId().GetName())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" || answer.GetTotalCount() != int64(len(tc.want)) {
				t.Errorf("%s: total %d (-want +got):\n%s", name, answer.GetTotalCount(), diff)
			}
		}
		_, err := w.apps.List(t.Context(), &apppb.ListRequest{Request: &commonpb.ListRequest{SortByFields: []*commonpb.Sort{{Key: "name"}}}})
		wantCode(t, err, codes.InvalidArgument)
	})
}

func TestStrictRulesOfApps(t *testing.T) {
	t.Parallel()
	b := New(Config{Strict: true})
	t.Cleanup(b.Close)
	spoilt := func(spoil func(*apppb.App)) *apppb.CreateRequest {
		app := newApp("web", "v1")
		spoil(app)
		return &apppb.CreateRequest{App: app}
	}
	for name, tc := range map[string]struct {
		req  *apppb.CreateRequest
		want []string
	}{
		"good":     {spoilt(func(*apppb.App) {}), nil},
		"no app":   {&apppb.CreateRequest{}, []string{"app"}},
		"name":     {spoilt(func(a *apppb.App) { a.Metadata.Id.Name = "-web" }), []string{"app.metadata.id.name"}},
		"no input": {spoilt(func(a *apppb.App) { a.Spec.Inputs = &apppb.InputList{Items: []*apppb.Input{{Name: "x"}}} }), []string{"app.spec.inputs.items[0].value"}},
		"empty input": {spoilt(func(a *apppb.App) {
			a.Spec.Inputs = &apppb.InputList{Items: []*apppb.Input{{Name: "x", Value: &apppb.Input_StringValue{}}}}
		}), []string{"app.spec.inputs.items[0].string_value"}},
		"URL": {spoilt(func(a *apppb.App) {
			a.Status = &apppb.Status{Ingress: &apppb.Ingress{PublicUrl: "not one", VpcUrl: "https://vpc"}, CreatedAt: timestamppb.Now()}
		}), []string{"app.status.ingress.public_url"}},
	} {
		if diff := cmp.Diff(tc.want, fieldsOf(b.checkRequest(tc.req))); diff != "" {
			t.Errorf("%s: violations (-want +got):\n%s", name, diff)
		}
	}
}
