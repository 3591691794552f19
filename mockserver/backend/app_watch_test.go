package backend

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
)

func TestItem52WatchSendsTheAppThenItsEventsWithoutAnEnd(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		in := w.watch(t, appID("web"))
		in.open(t)
		if got := eventsOf(in.take()); len(got) != 0 {
			t.Errorf("before the app exists came %q, want nothing", got)
		}
		w.run(t, newApp("web", "v1"))
		later := w.watch(t, appID("web"))
		w.update(t, with(newApp("web", "v1"), apppb.Spec_DESIRED_STATE_STOPPED))
		must(w.apps.Delete(t.Context(), &apppb.DeleteRequest{AppId: appID("web")}))(t)
		w.create(t, newApp("web", "v2"))
		want := []string{
			"create p1/web", "update p1/web PENDING", "update p1/web ACTIVE", "update p1/web STOPPED", "delete p1/web STOPPED", "create p1/web",
		}
		events := in.take()
		if diff := cmp.Diff(want, eventsOf(events)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if old := events[1].GetUpdateEvent().GetOldApp(); old != nil {
			t.Errorf("old_app is %v, want none", old)
		}
		want = append([]string{"create p1/web ACTIVE"}, want[3:]...)
		if diff := cmp.Diff(want, eventsOf(later.take())); diff != "" {
			t.Errorf("events of a later watch (-want +got):\n%s", diff)
		}
		in.open(t)
	})
}

func TestItem52EventsOfTheSameNameElsewhereComeUnlessStrict(t *testing.T) {
	t.Parallel()
	for strict, want := range map[bool][]string{false: {"create p2/web", "update p2/web PENDING"}, true: nil} {
		withApps(t, Config{Strict: strict}, func(t *testing.T, w *appWorld) {
			in := w.watch(t, appID("web"))
			elsewhere := newApp("web", "v1")
			elsewhere.Metadata.Id.Project = "p2"
			w.create(t, elsewhere)
			w.create(t, newApp("other", "v1"))
			w.advance(1)
			if diff := cmp.Diff(want, eventsOf(in.take())); diff != "" {
				t.Errorf("strict %t (-want +got):\n%s", strict, diff)
			}
			if got := eventsOf(w.watch(t, appID("web")).take()); len(got) != 0 {
				t.Errorf("strict %t: a new watch begins with %q, want nothing", strict, got)
			}
		})
	}
}

func TestItem52OtherTargets(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		withApps(t, Config{Strict: strict}, func(t *testing.T, w *appWorld) {
			for _, req := range []*apppb.WatchRequest{
				{Target: &apppb.WatchRequest_Org{Org: "acme"}},
				{Target: &apppb.WatchRequest_ClusterId{ClusterId: &commonpb.ClusterIdentifier{Name: "c"}}},
				{Target: &apppb.WatchRequest_Project{Project: &commonpb.ProjectIdentifier{Name: "p1", Domain: "development"}}},
			} {
				_, err := rest(t, must(w.apps.Watch(t.Context(), req))(t))
				wantCode(t, err, codes.Unimplemented)
			}
			w.fill(t)
			for i, req := range []*apppb.WatchRequest{{}, watchApp(&apppb.Identifier{})} {
				if strict {
					_, err := rest(t, must(w.apps.Watch(t.Context(), req))(t))
					wantCode(t, err, codes.InvalidArgument)
					continue
				}
				stream, err := w.apps.Watch(t.Context(), req)
				in := follow(t, stream, err)
				w.create(t, newApp("a", fmt.Sprint("of round ", i)))
				in.open(t)
				if diff := cmp.Diff([]string{"create p1/a", "create p1/b", "create p2/c"}, eventsOf(in.take())); diff != "" {
					t.Errorf("every app once (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestItem52ASlowReaderLosesEvents(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.create(t, newApp("web", "v1"))
		stream, err := w.apps.Watch(t.Context(), watchApp(appID("web")))
		if err != nil {
			t.Fatal(err)
		}
		must(stream.Recv())(t)
		const changes = 150 // of a size that the buffers of the transport do not hold
		for i := range changes {
			app := newApp("web", fmt.Sprint(i))
			app.Spec.Profile = &apppb.Profile{ShortDescription: string(make([]byte, 30_000))}
			w.update(t, app)
		}
		in := follow(t, stream, nil)
		if n := len(in.take()); n == 0 || n >= changes {
			t.Errorf("%d of %d events came, want some of them lost", n, changes)
		}
		w.advance(1)
		if diff := cmp.Diff([]string{"update p1/web PENDING"}, eventsOf(in.take())); diff != "" {
			t.Errorf("the next event (-want +got):\n%s", diff)
		}
	})
}

func TestItem53AnAppBecomesActiveByItself(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.SetAppTimeline("", DefaultAppTimeline())
		w.SetAppTimeline("bad", AppTimeline{Steps: []AppStep{{After: time.Second, State: broken}}})
		in, bad := w.watch(t, appID("web")), w.watch(t, appID("bad"))
		if answer := w.create(t, newApp("web", "v1")); len(statesOf(answer)) != 0 {
			t.Errorf("the answer has states %v, want the rollout to begin after it", statesOf(answer))
		}
		w.create(t, newApp("bad", "v1"))
		time.Sleep(100 * time.Millisecond)
		if diff := cmp.Diff([]string{"create p1/web", "update p1/web PENDING", "update p1/web ACTIVE"}, eventsOf(in.take())); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		time.Sleep(time.Second)
		if diff := cmp.Diff([]string{"create p1/bad", "update p1/bad FAILED"}, eventsOf(bad.take())); diff != "" {
			t.Errorf("events of a timeline by name (-want +got):\n%s", diff)
		}
		if n := w.AdvanceApps("web", "nothing"); n != 1 {
			t.Errorf("AdvanceApps reports %d apps, want 1", n)
		}
	})
}

// Flyte's own client looks at updates only: one that waits for the state that an app has
// already would never end.
func TestItem53AWatchRepeatsTheStateOnceAfterASecondOfQuiet(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.run(t, newApp("web", "v1"))
		in := w.watch(t, appID("web"))
		time.Sleep(time.Second - time.Millisecond)
		if diff := cmp.Diff([]string{"create p1/web ACTIVE"}, eventsOf(in.take())); diff != "" {
			t.Errorf("at first (-want +got):\n%s", diff)
		}
		time.Sleep(time.Hour)
		if diff := cmp.Diff([]string{"update p1/web ACTIVE"}, eventsOf(in.take())); diff != "" {
			t.Errorf("afterwards (-want +got):\n%s", diff)
		}
		busy := w.watch(t, appID("web"))
		w.update(t, newApp("web", "v2"))
		time.Sleep(time.Hour)
		if diff := cmp.Diff([]string{"create p1/web ACTIVE", "update p1/web ACTIVE"}, eventsOf(busy.take())); diff != "" {
			t.Errorf("after an event nothing is repeated (-want +got):\n%s", diff)
		}
	})
}

func TestStepsOfAnEarlierDeploymentDoNotHappen(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.SetAppTimeline("", AppTimeline{Steps: []AppStep{{After: time.Minute, State: active, Replicas: 1}}})
		w.create(t, newApp("web", "v1"))
		time.Sleep(30 * time.Second)
		w.update(t, with(newApp("web", "v1"), apppb.Spec_DESIRED_STATE_STOPPED))
		time.Sleep(time.Hour)
		if got := statesOf(w.get(t, appID("web"))); len(got) != 1 || got[0] != stopped {
			t.Errorf("states of a stopped app are %v", got)
		}
		w.create(t, newApp("web", "v1"))
		time.Sleep(59 * time.Second)
		if got := statesOf(w.get(t, appID("web"))); len(got) != 0 {
			t.Errorf("states before the minute is over are %v", got)
		}
	})
}

func TestCloseEndsStreamsAndTimelinesOfApps(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.run(t, newApp("web", "v1"))
		w.create(t, newApp("waits", "v1"))
		in := w.watch(t, appID("web"))
		logs, err := w.logs.TailLogs(t.Context(), tailApp(appID("web")))
		lines := follow(t, logs, err)
		w.Close()
		w.Close()
		wantCode(t, in.end(), codes.Unavailable)
		wantCode(t, lines.end(), codes.Unavailable)
		if err := w.AddApp(newApp("late", "v1")); err != nil {
			t.Errorf("AddApp after Close: %v", err)
		}
	})
}

func TestAppsByTheGoAPIAreThoseOfTheService(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		if err := w.AddApp(&apppb.App{}); err == nil {
			t.Error("an app without an identifier was taken")
		}
		own := newApp("web", "v1")
		if err := w.AddApp(own); err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(own, newApp("web", "v1")) {
			t.Errorf("AddApp changed its argument: %v", own)
		}
		synctest.Wait()
		got := w.Apps()
		if len(got) != 1 {
			t.Fatalf("%d apps, want 1", len(got))
		}
		wantProto(t, got[0], w.get(t, appID("web")))
	})
}
