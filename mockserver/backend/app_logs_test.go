package backend

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
)

func tailApp(id *apppb.Identifier) *apppb.TailLogsRequest {
	return &apppb.TailLogsRequest{Target: &apppb.TailLogsRequest_AppId{AppId: id}}
}

func tailReplica(id *apppb.Identifier, name string) *apppb.TailLogsRequest {
	return &apppb.TailLogsRequest{Target: &apppb.TailLogsRequest_ReplicaId{ReplicaId: &apppb.ReplicaIdentifier{AppId: id, Name: name}}}
}

func (w *appWorld) tail(t *testing.T, req *apppb.TailLogsRequest) *inbox[apppb.TailLogsResponse] {
	t.Helper()
	stream, err := w.logs.TailLogs(t.Context(), req)
	return follow(t, stream, err)
}

// said returns what the messages say: the replicas, and then "replica: lines".
func said(t *testing.T, messages []*apppb.TailLogsResponse) (out []string) {
	t.Helper()
	for _, m := range messages {
		if list := m.GetReplicas(); list != nil {
			for _, r := range list.GetReplicas() {
				out = append(out, "replica "+r.GetName())
			}
			continue
		}
		logs := m.GetBatches().GetLogs()
		if len(logs) != 1 || len(logs[0].GetLines()) > 0 || len(logs[0].GetStructuredLines()) > 100 || logs[0].GetSource() != 0 { //nolint:staticcheck // it must not be used
			t.Errorf("message %v, want one batch of up to 100 structured lines without a source", m)
			continue
		}
		var lines []string
		for _, l := range logs[0].GetStructuredLines() {
			lines = append(lines, l.GetMessage())
		}
		out = append(out, fmt.Sprintf("%s: %q", logs[0].GetReplicaId().GetName(), lines))
	}
	return out
}

// twoReplicas is an app with two replicas of different logs. A step writes and two end it.
func (w *appWorld) twoReplicas(t *testing.T) {
	t.Helper()
	w.SetAppTimeline("", AppTimeline{Steps: []AppStep{
		{State: active, Replicas: 2, Logs: []string{"one\n"}},
		{Logs: []string{"of the first"}, Replica: 1},
		{Manual: true, Logs: []string{"live\r\n"}},
		{Manual: true, State: broken, Logs: []string{"last"}, End: true},
	}})
	w.create(t, newApp("web", "v1"))
	time.Sleep(time.Second)
}

func TestItem56TailLogsNeedsATargetWithReplicas(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.create(t, newApp("web", "v1")) // it has no replica yet
		for name, tc := range map[string]struct {
			req  *apppb.TailLogsRequest
			want codes.Code
		}{
			"no target":         {&apppb.TailLogsRequest{}, codes.InvalidArgument},
			"replica, no app":   {tailReplica(nil, "r"), codes.InvalidArgument},
			"replica, empty id": {tailReplica(&apppb.Identifier{}, "r"), codes.InvalidArgument},
			"replica, no name":  {tailReplica(appID("web"), ""), codes.InvalidArgument},
			"unknown app":       {tailApp(appID("other")), codes.NotFound},
			"empty id":          {tailApp(&apppb.Identifier{}), codes.NotFound},
			"no replicas":       {tailApp(appID("web")), codes.NotFound},
		} {
			got, err := rest(t, must(w.logs.TailLogs(t.Context(), tc.req))(t))
			t.Log(name)
			wantCode(t, err, tc.want)
			if len(got) > 0 {
				t.Errorf("%v came before the error", got)
			}
		}
	})
}

func TestItem56TailLogsSendsReplicasThenBatches(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		at := timestamppb.Now()
		w.twoReplicas(t)
		in := w.tail(t, tailApp(appID("web")))
		first := in.take()
		const one, two = "web-00001-deployment-1", "web-00001-deployment-2"
		want := []string{"replica " + one, "replica " + two, one + `: ["one" "of the first"]`, two + `: ["one"]`}
		if diff := cmp.Diff(want, said(t, first)); diff != "" {
			t.Fatalf("at first (-want +got):\n%s", diff)
		}
		id := w.get(t, appID("web")).GetMetadata().GetId()
		wantProto(t, first[1].GetBatches().GetLogs()[0], &apppb.LogLines{
			ReplicaId: &apppb.ReplicaIdentifier{AppId: id, Name: one},
			StructuredLines: []*dataplanepb.LogLine{
				{Timestamp: at, Message: "one", Originator: dataplanepb.LogLineOriginator_USER},
				{Timestamp: at, Message: "of the first", Originator: dataplanepb.LogLineOriginator_USER},
			},
		})
		w.advance(1)
		if diff := cmp.Diff([]string{one + `: ["live"]`, two + `: ["live"]`}, said(t, in.take())); diff != "" {
			t.Errorf("then (-want +got):\n%s", diff)
		}
		in.open(t)
	})
}

func TestItem56AtMostAHundredStreams(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.run(t, newApp("web", "v1"))
		ctx, cancel := context.WithCancel(t.Context())
		for range 100 {
			must(must(w.logs.TailLogs(ctx, tailApp(appID("web"))))(t).Recv())(t)
		}
		_, err := rest(t, must(w.logs.TailLogs(t.Context(), tailApp(appID("web"))))(t))
		wantCode(t, err, codes.ResourceExhausted)
		cancel()
		time.Sleep(time.Second)
		w.tail(t, tailApp(appID("web"))).open(t)
	})
}

func TestItem57AReplicaIsLookedForAfterItsNameWasSent(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.twoReplicas(t)
		for _, id := range []*apppb.Identifier{appID("web"), appID("other")} {
			req := tailReplica(id, "no such pod")
			got, err := rest(t, must(w.logs.TailLogs(t.Context(), req))(t))
			wantCode(t, err, codes.NotFound)
			if len(got) != 1 {
				t.Fatalf("%d messages came, want one", len(got))
			}
			wantProto(t, got[0].GetReplicas(), &apppb.ReplicaIdentifierList{Replicas: []*apppb.ReplicaIdentifier{req.GetReplicaId()}})
		}
		req := tailReplica(appID("web"), "web-00001-deployment-2")
		req.Source = dataplanepb.LogsSource_PERSISTED_ONLY // ignored
		got := w.tail(t, req).take()
		if diff := cmp.Diff([]string{"replica web-00001-deployment-2", `web-00001-deployment-2: ["one"]`}, said(t, got)); diff != "" {
			t.Errorf("one replica (-want +got):\n%s", diff)
		}
		wantProto(t, got[1].GetBatches().GetLogs()[0].GetReplicaId(), req.GetReplicaId()) // as it was sent
	})
}

func TestItem58ATailBeginsWithAThousandLines(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		var lines []string
		for i := range 1234 {
			lines = append(lines, fmt.Sprint(i))
		}
		w.SetAppTimeline("", AppTimeline{Steps: []AppStep{{Replicas: 1, Logs: lines}}})
		w.create(t, newApp("web", "v1"))
		time.Sleep(time.Second)
		for range 2 { // a new call begins again
			var got []string
			messages := w.tail(t, tailApp(appID("web"))).take()
			said(t, messages)
			for _, m := range messages {
				for _, l := range m.GetBatches().GetLogs() {
					for _, line := range l.GetStructuredLines() {
						got = append(got, line.GetMessage())
					}
				}
			}
			if !slices.Equal(got, lines[234:]) {
				t.Errorf("%d lines came, want the last 1000", len(got))
			}
		}
	})
}

func TestItem58ATailEndsWithTheLastReplica(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *appWorld){
		"they end": func(_ *testing.T, w *appWorld) { w.advance(2) },
		"stop": func(t *testing.T, w *appWorld) {
			t.Helper()
			w.update(t, with(newApp("web", "v1"), apppb.Spec_DESIRED_STATE_STOPPED))
		},
		"delete": func(t *testing.T, w *appWorld) {
			t.Helper()
			must(w.apps.Delete(t.Context(), &apppb.DeleteRequest{AppId: appID("web")}))(t)
		},
	} {
		withApps(t, Config{}, func(t *testing.T, w *appWorld) {
			w.twoReplicas(t)
			in := w.tail(t, tailApp(appID("web")))
			in.open(t)
			end(t, w)
			in.ended(t)
			again, err := rest(t, must(w.logs.TailLogs(t.Context(), tailApp(appID("web"))))(t))
			if name != "they end" {
				wantCode(t, err, codes.NotFound)
				return
			}
			want := []string{
				"replica web-00001-deployment-1", "replica web-00001-deployment-2",
				`web-00001-deployment-1: ["one" "of the first" "live" "last"]`, `web-00001-deployment-2: ["one" "live" "last"]`,
			}
			if diff := cmp.Diff(want, said(t, again)); err != nil || diff != "" {
				t.Errorf("of replicas that have ended: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestItem58TheTailOfOneReplicaEndsWithThatReplica(t *testing.T) {
	t.Parallel()
	withApps(t, Config{}, func(t *testing.T, w *appWorld) {
		w.SetAppTimeline("", AppTimeline{Steps: []AppStep{
			{Manual: true, Replicas: 2},
			{Manual: true, Replicas: 1},
		}})
		w.create(t, newApp("web", "v1"))
		w.advance(1)
		both, first := w.tail(t, tailApp(appID("web"))), w.tail(t, tailReplica(appID("web"), "web-00001-deployment-1"))
		second := w.tail(t, tailReplica(appID("web"), "web-00001-deployment-2"))
		w.advance(1) // scales down
		second.ended(t)
		both.open(t)
		first.open(t)

		// Another deployment takes the place of what runs.
		w.create(t, newApp("web", "v2"))
		first.open(t)
		w.advance(1)
		both.ended(t)
		first.ended(t)
		want := []string{"replica web-00002-deployment-3", "replica web-00002-deployment-4"}
		if diff := cmp.Diff(want, said(t, w.tail(t, tailApp(appID("web"))).take())); diff != "" {
			t.Errorf("replicas (-want +got):\n%s", diff)
		}
	})
}
