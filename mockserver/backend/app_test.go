package backend

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
)

func TestItem45AppsAreKeptByProjectDomainAndNameWithTheirOrganization(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.create(t, newApp("web", "v1"))
		other := appID("web")
		other.Org = "globex"
		if got := w.get(t, other).GetMetadata().GetId().GetOrg(); got != "acme" {
			t.Errorf("asked for by another organization, the app is of %q, want the stored one", got)
		}
		nameless := newApp("a name that no rule allows, in a project that does not exist", "v1")
		nameless.Metadata.Id.Org, nameless.Metadata.Id.Project = "", "nowhere"
		w.create(t, nameless)
		if got := w.get(t, nameless.GetMetadata().GetId()).GetMetadata().GetId().GetOrg(); got != "flyte" {
			t.Errorf("organization is %q, want flyte where none was sent", got)
		}
		domain := appID("web")
		domain.Domain = "staging"
		_, err := w.apps.Get(t.Context(), getApp(domain))
		wantCode(t, err, codes.NotFound)
	})
}

func TestItem45CreateChecksIdSpecPayloadAndQuantities(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		sized := func(quantity string) *apppb.App {
			app := newApp("sized", "v1")
			app.GetSpec().GetContainer().Resources = &corepb.Resources{
				Limits: []*corepb.Resources_ResourceEntry{{Name: corepb.Resources_CPU, Value: quantity}},
			}
			return app
		}
		for name, tc := range map[string]struct {
			app  *apppb.App
			want codes.Code
		}{
			"no app":     {nil, codes.InvalidArgument},
			"no id":      {&apppb.App{Metadata: &apppb.Meta{}, Spec: newApp("a", "v1").GetSpec()}, codes.InvalidArgument},
			"no spec":    {&apppb.App{Metadata: &apppb.Meta{Id: appID("a")}}, codes.InvalidArgument},
			"no payload": {&apppb.App{Metadata: &apppb.Meta{Id: appID("a")}, Spec: &apppb.Spec{}}, codes.InvalidArgument},
			"many cores": {sized("many"), codes.InvalidArgument},
			"no number":  {sized("Gi"), codes.InvalidArgument},
			"half a cpu": {sized("500m"), codes.OK},
			"2Gi":        {sized("2Gi"), codes.OK},
			"1e3":        {sized("1e3"), codes.OK},
			".5":         {sized(".5"), codes.OK},
		} {
			t.Log(name)
			_, err := w.apps.Create(t.Context(), &apppb.CreateRequest{App: tc.app})
			wantCode(t, err, tc.want)
		}
	})
}

func TestItem46CreateIsAnUpsert(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		// The answer is what was sent, with the URL and no more.
		sent := newApp("Web", "v1")
		want := proto.CloneOf(sent)
		want.Status = &apppb.Status{Ingress: &apppb.Ingress{PublicUrl: "https://web-p1-development.apps.test"}}
		wantProto(t, w.create(t, sent), want)
		w.advance(2)

		in := w.watch(t, appID("Web"))
		in.take()
		w.create(t, newApp("Web", "v1")) // nothing new
		w.advance(1)
		if got := eventsOf(in.take()); len(got) != 0 {
			t.Errorf("after a repeated Create came %q, want nothing", got)
		}
		wantProto(t, w.create(t, newApp("Web", "v2")), func() *apppb.App {
			app := newApp("Web", "v2")
			app.Status = want.GetStatus()
			return app
		}())
		if diff := cmp.Diff([]string{"update p1/Web ACTIVE"}, eventsOf(in.take())); diff != "" {
			t.Errorf("a changed spec, at first (-want +got):\n%s", diff)
		}
		w.advance(2)
		if diff := cmp.Diff([]string{"update p1/Web PENDING", "update p1/Web ACTIVE"}, eventsOf(in.take())); diff != "" {
			t.Errorf("a changed spec is deployed again (-want +got):\n%s", diff)
		}
		if image := w.get(t, appID("Web")).GetSpec().GetContainer().GetImage(); image != "v2" {
			t.Errorf("image is %q, want v2", image)
		}

		w.update(t, with(newApp("Web", "v2"), apppb.Spec_DESIRED_STATE_STOPPED))
		w.create(t, newApp("Web", "v2"))
		w.advance(2)
		if got := statesOf(w.get(t, appID("Web"))); len(got) == 0 || got[len(got)-1] != active {
			t.Errorf("a stopped app that is created has states %v, want it active again", got)
		}
	})
}

func TestItem46LongHostNamesEndInAHash(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		label := func(name string) string {
			url := w.create(t, newApp(name, "v1")).GetStatus().GetIngress().GetPublicUrl()
			host, _, _ := strings.Cut(strings.TrimPrefix(url, "https://"), ".")
			return host
		}
		rest := len("-p1-development")
		if got, want := label(strings.Repeat("a", 63-rest)), strings.Repeat("a", 63-rest)+"-p1-development"; got != want {
			t.Errorf("63 characters became %q, want all of them", got)
		}
		long := strings.Repeat("a", 64-rest)
		got, other := label(long), label(long+"a")
		if len(got) != 63 || !strings.HasPrefix(got, (long + "-p1-development")[:54]+"-") || got == other {
			t.Errorf("64 characters became %q, 65 %q, want 54 of them and 8 of a hash of the whole", got, other)
		}
	})
}

func TestItem47GetAnswersByNameOnly(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		url := w.create(t, newApp("web", "v1")).GetStatus().GetIngress()
		for name, tc := range map[string]struct {
			req  *apppb.GetRequest
			want codes.Code
		}{
			"unknown":  {getApp(appID("other")), codes.NotFound},
			"empty id": {getApp(&apppb.Identifier{}), codes.NotFound},
			"URL":      {&apppb.GetRequest{Identifier: &apppb.GetRequest_Ingress{Ingress: url}}, codes.InvalidArgument},
			"nothing":  {&apppb.GetRequest{}, codes.InvalidArgument},
		} {
			t.Log(name)
			_, err := w.apps.Get(t.Context(), tc.req)
			wantCode(t, err, tc.want)
		}
	})
}

func TestItem47GetReturnsIdSpecAndLiveStatus(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		app := newApp("web", "v1")
		app.Metadata.Revision, app.Metadata.CodeBundleUri = 7, "s3://bundle"
		app.Status = &apppb.Status{CurrentReplicas: 9} // ignored
		created := timestamppb.Now()
		w.create(t, app)
		time.Sleep(time.Minute)
		w.advance(2)
		condition := newCondition(active, "Service is ready", time.Now())
		wantProto(t, w.get(t, appID("web")), &apppb.App{
			Metadata: &apppb.Meta{Id: appID("web")},
			Spec:     app.GetSpec(),
			Status: &apppb.Status{
				Conditions: []*apppb.Condition{condition, condition, condition}, CurrentReplicas: 1, CreatedAt: created,
				Ingress:     &apppb.Ingress{PublicUrl: "https://web-p1-development.apps.test"},
				K8SMetadata: &apppb.K8SMetadata{Namespace: "p1-development"},
			},
		})
		if revision := w.get(t, appID("web")).GetMetadata().GetRevision(); revision != 0 {
			t.Errorf("revision is %d, want 0 always", revision)
		}
	})
}

func TestItem48ConditionsFollowTheRollout(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.SetAppTimeline("", AppTimeline{Steps: []AppStep{
			{Manual: true, State: pending},
			{Manual: true, State: pending, Conditions: []*apppb.Condition{{DeploymentStatus: deploying}, {DeploymentStatus: pending}}},
			{Manual: true, State: broken, Message: "no such image"},
		}})
		w.create(t, newApp("web", "v1"))
		for i, want := range [][]apppb.Status_DeploymentStatus{
			nil, {pending, pending, pending}, {deploying, pending}, {broken, broken, broken},
		} {
			app := w.get(t, appID("web"))
			if got := statesOf(app); !slices.Equal(got, want) {
				t.Errorf("step %d: states %v, want %v", i, got, want)
			}
			for _, c := range app.GetStatus().GetConditions() {
				bare := proto.CloneOf(c)
				bare.DeploymentStatus, bare.LastTransitionTime, bare.Message = 0, nil, ""
				if !c.GetLastTransitionTime().AsTime().Equal(time.Now()) || proto.Size(bare) != 0 {
					t.Errorf("step %d: condition %v, want its time and no revision, substate, deployment or actor", i, c)
				}
			}
			w.advance(1)
		}
		if got := w.get(t, appID("web")).GetStatus().GetConditions()[0].GetMessage(); got != "no such image" {
			t.Errorf("message is %q, want the reason", got)
		}
	})
}

func TestItem48AStoppedAppHasOneConditionAndItsSpec(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.run(t, newApp("web", "v1"))
		w.update(t, with(newApp("web", "sent, not stored"), apppb.Spec_DESIRED_STATE_STOPPED))
		wantProto(t, w.get(t, appID("web")), &apppb.App{
			Metadata: &apppb.Meta{Id: appID("web")},
			Spec:     with(newApp("web", "v1"), apppb.Spec_DESIRED_STATE_STOPPED).GetSpec(),
			Status:   &apppb.Status{Conditions: []*apppb.Condition{newCondition(stopped, "", time.Now())}},
		})
	})
}

func TestItem49UpdateStopsOrDeploys(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		_, err := w.apps.Update(t.Context(), &apppb.UpdateRequest{App: &apppb.App{Spec: newApp("web", "v1").GetSpec()}})
		wantCode(t, err, codes.InvalidArgument)
		_, err = w.apps.Update(t.Context(), &apppb.UpdateRequest{App: with(newApp("web", "v1"), apppb.Spec_DESIRED_STATE_STOPPED)})
		wantCode(t, err, codes.NotFound)
		_, err = w.apps.Update(t.Context(), &apppb.UpdateRequest{App: &apppb.App{Metadata: &apppb.Meta{Id: appID("web")}}})
		wantCode(t, err, codes.InvalidArgument) // no payload

		unknown := newApp("web", "v1")
		unknown.Metadata.Revision = 12 // ignored
		answer := w.update(t, unknown)
		if answer.GetMetadata().GetRevision() != 12 || len(answer.GetMetadata().GetLabels()) != 1 || len(statesOf(answer)) != 0 {
			t.Errorf("answer is %v, want what was sent with the status of a new app", answer)
		}
		w.advance(2)

		stop := with(newApp("web", "v1"), apppb.Spec_DESIRED_STATE_STOPPED)
		if got := statesOf(w.update(t, stop)); !slices.Equal(got, []apppb.Status_DeploymentStatus{stopped}) {
			t.Errorf("answer to a stop has states %v", got)
		}
		in := w.watch(t, appID("web"))
		in.take()
		w.update(t, stop)
		if got := eventsOf(in.take()); len(got) != 0 {
			t.Errorf("a stop of a stopped app: %q, want nothing", got)
		}
		again := statesOf(w.update(t, with(newApp("web", "v1"), apppb.Spec_DESIRED_STATE_STARTED))) //nolint:staticcheck // Flyte's own client still sends it
		if len(again) == 0 || again[0] != active {
			t.Errorf("answer to a start has states %v, want the old ones at once", again)
		}
		w.advance(2)
		want := []string{"update p1/web ACTIVE", "update p1/web PENDING", "update p1/web ACTIVE"}
		if diff := cmp.Diff(want, eventsOf(in.take())); diff != "" {
			t.Errorf("a start (-want +got):\n%s", diff)
		}
	})
}

func TestItem50DeleteIsOKForWhatDoesNotExist(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.run(t, newApp("web", "v1"))
		_, err := w.apps.Delete(t.Context(), &apppb.DeleteRequest{})
		wantCode(t, err, codes.InvalidArgument)
		for range 2 {
			must(w.apps.Delete(t.Context(), &apppb.DeleteRequest{AppId: appID("web")}))(t)
		}
		must(w.apps.Delete(t.Context(), &apppb.DeleteRequest{AppId: &apppb.Identifier{}}))(t)
		_, err = w.apps.Get(t.Context(), getApp(appID("web")))
		wantCode(t, err, codes.NotFound)
	})
}
