package backend

import (
	"strconv"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	triggerpb "github.com/jetway-go/jetway/gen/flyteidl2/trigger"
	"github.com/jetway-go/jetway/mockserver/objectstore"
)

// objectConfig is that of a backend with an object store.
func objectConfig() Config { return Config{Objects: objectstore.New(objectstore.Config{})} }

// upload stores inputs for a trigger of env.train.
func (w *world) upload(t *testing.T, in *taskpb.Inputs) *commonpb.OffloadedInputData {
	t.Helper()
	return must(w.data.UploadInputs(t.Context(), &dataproxypb.UploadInputsRequest{
		Id:     &dataproxypb.UploadInputsRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "p1", Domain: "development"}},
		Task:   &dataproxypb.UploadInputsRequest_TaskId{TaskId: p1Task("env.train")},
		Inputs: in,
	}))(t).GetOffloadedInputData()
}

// triggers is a client for the triggers of env.train in p1.
type triggersOf struct {
	triggerpb.TriggerServiceClient

	w *world
}

// withTriggers runs the test in the world, with a client for triggers.
func withTriggers(t *testing.T, cfg Config, test func(t *testing.T, c triggersOf)) {
	t.Helper()
	inWorld(t, cfg, func(t *testing.T, w *world) {
		test(t, triggersOf{triggerpb.NewTriggerServiceClient(w.conn), w})
	})
}

func triggerName(name string) *commonpb.TriggerName {
	return &commonpb.TriggerName{Org: "org", Project: "p1", Domain: "development", TaskName: "env.train", Name: name}
}

// on is an active trigger of env.train v1 that has no schedule.
func on(name string) *triggerpb.DeployTriggerRequest {
	return &triggerpb.DeployTriggerRequest{
		Name: triggerName(name), Spec: &triggerpb.TriggerSpec{Active: true, TaskVersion: "v1"},
	}
}

// scheduled is on with a cron schedule.
func scheduled(name, expression string) *triggerpb.DeployTriggerRequest {
	req := on(name)
	req.AutomationSpec = cronTrigger(name, expression).GetAutomationSpec()
	return req
}

// deploy deploys a trigger, a second after what happened before.
func (c triggersOf) deploy(t *testing.T, req *triggerpb.DeployTriggerRequest) *triggerpb.TriggerDetails {
	t.Helper()
	time.Sleep(time.Second)
	return must(c.DeployTrigger(t.Context(), req))(t).GetTrigger()
}

func (c triggersOf) get(t *testing.T, name string) *triggerpb.TriggerDetails {
	t.Helper()
	return must(c.GetTriggerDetails(t.Context(), &triggerpb.GetTriggerDetailsRequest{Name: triggerName(name)}))(t).GetTrigger()
}

func (c triggersOf) turn(t *testing.T, active bool, names ...string) {
	t.Helper()
	time.Sleep(time.Second)
	must(c.UpdateTriggers(t.Context(), &triggerpb.UpdateTriggersRequest{Names: triggerNames(names), Active: active}))(t)
}

func (c triggersOf) remove(t *testing.T, names ...string) {
	t.Helper()
	time.Sleep(time.Second)
	must(c.DeleteTriggers(t.Context(), &triggerpb.DeleteTriggersRequest{Names: triggerNames(names)}))(t)
}

func triggerNames(names []string) (all []*commonpb.TriggerName) {
	for _, n := range names {
		all = append(all, triggerName(n))
	}
	return all
}

// list returns the names and revisions of the triggers that a request lists, such as "a@1".
func (c triggersOf) list(t *testing.T, req *triggerpb.ListTriggersRequest) []string {
	t.Helper()
	var names []string
	for _, g := range must(c.ListTriggers(t.Context(), req))(t).GetTriggers() {
		names = append(names, g.GetId().GetName().GetName()+"@"+strconv.FormatUint(g.GetId().GetRevision(), 10))
	}
	return names
}

func (c triggersOf) history(t *testing.T, name string) []*triggerpb.TriggerRevision {
	t.Helper()
	req := &triggerpb.GetTriggerRevisionHistoryRequest{Name: triggerName(name)}
	return must(c.GetTriggerRevisionHistory(t.Context(), req))(t).GetTriggers()
}

func sameTime(t *testing.T, what string, got, want *timestamppb.Timestamp) {
	t.Helper()
	if !got.AsTime().Equal(want.AsTime()) {
		t.Errorf("%s is %v, want %v", what, got.AsTime(), want.AsTime())
	}
}
