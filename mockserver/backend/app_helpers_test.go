package backend

import (
	"testing"
	"testing/synctest"

	"google.golang.org/protobuf/proto"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
)

const (
	unassigned = apppb.Status_DEPLOYMENT_STATUS_UNASSIGNED
	assigned   = apppb.Status_DEPLOYMENT_STATUS_ASSIGNED
	pending    = apppb.Status_DEPLOYMENT_STATUS_PENDING
	deploying  = apppb.Status_DEPLOYMENT_STATUS_DEPLOYING
	active     = apppb.Status_DEPLOYMENT_STATUS_ACTIVE
	broken     = apppb.Status_DEPLOYMENT_STATUS_FAILED
	stopped    = apppb.Status_DEPLOYMENT_STATUS_STOPPED
)

// appWorld is a backend without apps, and clients to it.
type appWorld struct {
	*Backend

	apps apppb.AppServiceClient
	logs apppb.AppLogsServiceClient
}

// withApps runs the test in a bubble. Timelines wait for AdvanceApps.
func withApps(t *testing.T, cfg Config, test func(t *testing.T, w *appWorld)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b, conn := dial(t, cfg)
		b.SetAppTimeline("", AppTimeline{Steps: []AppStep{
			{Manual: true, State: pending},
			{Manual: true, State: active, Replicas: 1},
		}})
		test(t, &appWorld{b, apppb.NewAppServiceClient(conn), apppb.NewAppLogsServiceClient(conn)})
	})
}

func appID(name string) *apppb.Identifier {
	return &apppb.Identifier{Org: "acme", Project: "p1", Domain: "development", Name: name}
}

// newApp is an app that runs this image.
func newApp(name, image string) *apppb.App {
	return &apppb.App{
		Metadata: &apppb.Meta{Id: appID(name), Labels: map[string]string{"team": "a"}},
		Spec: &apppb.Spec{
			AppPayload:   &apppb.Spec_Container{Container: &corepb.Container{Image: image}},
			Ingress:      &apppb.IngressConfig{},
			DesiredState: apppb.Spec_DESIRED_STATE_ACTIVE,
		},
	}
}

// with returns the app with another wish for its state.
func with(app *apppb.App, state apppb.Spec_DesiredState) *apppb.App {
	app = proto.CloneOf(app)
	app.Spec.DesiredState = state
	return app
}

func (w *appWorld) create(t *testing.T, app *apppb.App) *apppb.App {
	t.Helper()
	return must(w.apps.Create(t.Context(), &apppb.CreateRequest{App: app}))(t).GetApp()
}

// run creates an app and has it ACTIVE.
func (w *appWorld) run(t *testing.T, app *apppb.App) {
	t.Helper()
	w.create(t, app)
	w.advance(2)
}

// advance has every app pass n steps.
func (w *appWorld) advance(n int) {
	for range n {
		w.AdvanceApps()
		synctest.Wait()
	}
}

func (w *appWorld) update(t *testing.T, app *apppb.App) *apppb.App {
	t.Helper()
	return must(w.apps.Update(t.Context(), &apppb.UpdateRequest{App: app, Reason: "because"}))(t).GetApp()
}

func (w *appWorld) get(t *testing.T, id *apppb.Identifier) *apppb.App {
	t.Helper()
	return must(w.apps.Get(t.Context(), getApp(id)))(t).GetApp()
}

func getApp(id *apppb.Identifier) *apppb.GetRequest {
	return &apppb.GetRequest{Identifier: &apppb.GetRequest_AppId{AppId: id}}
}

func (w *appWorld) watch(t *testing.T, id *apppb.Identifier) *inbox[apppb.WatchResponse] {
	t.Helper()
	stream, err := w.apps.Watch(t.Context(), watchApp(id))
	return follow(t, stream, err)
}

func watchApp(id *apppb.Identifier) *apppb.WatchRequest {
	return &apppb.WatchRequest{Target: &apppb.WatchRequest_AppId{AppId: id}}
}

// statesOf returns the states of an app's conditions.
func statesOf(app *apppb.App) (out []apppb.Status_DeploymentStatus) {
	for _, c := range app.GetStatus().GetConditions() {
		out = append(out, c.GetDeploymentStatus())
	}
	return out
}

// eventsOf returns what each event was, and the last state of its app.
func eventsOf(events []*apppb.WatchResponse) (out []string) {
	for _, e := range events {
		kind, app := "?", &apppb.App{}
		switch e := e.GetEvent().(type) {
		case *apppb.WatchResponse_CreateEvent:
			kind, app = "create", e.CreateEvent.GetApp()
		case *apppb.WatchResponse_UpdateEvent:
			kind, app = "update", e.UpdateEvent.GetUpdatedApp()
		case *apppb.WatchResponse_DeleteEvent:
			kind, app = "delete", e.DeleteEvent.GetApp()
		}
		kind += " " + app.GetMetadata().GetId().GetProject() + "/" + app.GetMetadata().GetId().GetName()
		if states := statesOf(app); len(states) > 0 {
			kind += " " + states[len(states)-1].String()[len("DEPLOYMENT_STATUS_"):]
		}
		out = append(out, kind)
	}
	return out
}
