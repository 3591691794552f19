package backend

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

const (
	queued       = commonpb.ActionPhase_ACTION_PHASE_QUEUED
	waiting      = commonpb.ActionPhase_ACTION_PHASE_WAITING_FOR_RESOURCES
	initializing = commonpb.ActionPhase_ACTION_PHASE_INITIALIZING
	running      = commonpb.ActionPhase_ACTION_PHASE_RUNNING
	succeeded    = commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED
	failed       = commonpb.ActionPhase_ACTION_PHASE_FAILED
	aborted      = commonpb.ActionPhase_ACTION_PHASE_ABORTED
	paused       = commonpb.ActionPhase_ACTION_PHASE_PAUSED
)

// world is a backend with project p1, where task env.train v1 is deployed, and
// clients to it.
type world struct {
	*Backend

	conn *grpc.ClientConn
	runs workflowpb.RunServiceClient
	data dataproxypb.DataProxyServiceClient
}

// inWorld runs the test in a bubble, where time passes only while every goroutine
// waits: what happens between two steps of a timeline is decided.
func inWorld(t *testing.T, cfg Config, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b, conn := dial(t, cfg)
		b.SetStatusLag(0) // statuses at once: what follows later is tested on its own
		w := &world{b, conn, workflowpb.NewRunServiceClient(conn), dataproxypb.NewDataProxyServiceClient(conn)}
		w.project(t, "p1")
		w.deploy(t, "env.train", &taskpb.TaskSpec{})
		test(t, w)
	})
}

func (w *world) project(t *testing.T, id string) {
	t.Helper()
	req := &projectpb.CreateProjectRequest{Project: &projectpb.Project{Id: id, Name: id}}
	must(projectpb.NewProjectServiceClient(w.conn).CreateProject(t.Context(), req))(t)
}

func (w *world) deploy(t *testing.T, name string, spec *taskpb.TaskSpec, triggers ...*taskpb.TaskTrigger) {
	t.Helper()
	if spec.TaskTemplate == nil {
		spec.TaskTemplate = &corepb.TaskTemplate{Type: "python"}
	}
	spec.Environment = &taskpb.Environment{Name: "env"}
	req := &taskpb.DeployTaskRequest{TaskId: p1Task(name), Spec: spec, Triggers: triggers}
	must(taskpb.NewTaskServiceClient(w.conn).DeployTask(t.Context(), req))(t)
}

// start creates a run of env.train in p1/development.
func (w *world) start(t *testing.T, name string) *workflowpb.Run {
	t.Helper()
	return must(w.runs.CreateRun(t.Context(), createRun(name)))(t).GetRun()
}

func createRun(name string) *workflowpb.CreateRunRequest {
	return &workflowpb.CreateRunRequest{
		Id:   &workflowpb.CreateRunRequest_RunId{RunId: runID(name)},
		Task: &workflowpb.CreateRunRequest_TaskId{TaskId: p1Task("env.train")},
	}
}

func p1Task(name string) *taskpb.TaskIdentifier {
	return &taskpb.TaskIdentifier{Org: "org", Project: "p1", Domain: "development", Name: name, Version: "v1"}
}

func runID(name string) *commonpb.RunIdentifier {
	return &commonpb.RunIdentifier{Org: "org", Project: "p1", Domain: "development", Name: name}
}

func actionID(run, action string) *commonpb.ActionIdentifier {
	return &commonpb.ActionIdentifier{Run: runID(run), Name: action}
}

func (w *world) details(t *testing.T, run, action string) *workflowpb.ActionDetails {
	t.Helper()
	req := &workflowpb.GetActionDetailsRequest{ActionId: actionID(run, action)}
	return must(w.runs.GetActionDetails(t.Context(), req))(t).GetDetails()
}

// as makes calls carry the identity that a load balancer would attach.
func as(ctx context.Context, subject string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "x-amzn-oidc-identity", subject)
}

// held is a timeline that enters each phase, first to last, at a manual step.
func held(phases ...commonpb.ActionPhase) Timeline {
	var tl Timeline
	for _, p := range phases {
		tl.Steps = append(tl.Steps, Step{Manual: true, Phase: p})
	}
	return tl
}

// must fails the test if the call before it failed.
func must[M any](m M, err error) func(*testing.T) M {
	return func(t *testing.T) M {
		t.Helper()
		if err != nil {
			t.Fatalf("unexpected error: %v", err)
		}
		return m
	}
}

// wantProto compares two messages of any kind.
func wantProto(t *testing.T, got, want proto.Message) {
	t.Helper()
	if !proto.Equal(got, want) {
		t.Errorf("got\n\t%v\nwant\n\t%v", got, want)
	}
}

// rest receives until the stream ends, cleanly or not.
func rest[M any](t *testing.T, stream grpc.ServerStreamingClient[M]) ([]*M, error) {
	t.Helper()
	var got []*M
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		got = append(got, m)
	}
}

// inbox receives in the background, so that a test can look at what has come
// once the bubble is at rest.
type inbox[M any] struct {
	mu  sync.Mutex // guards the rest
	got []*M
	err error // how the stream ended
}

func follow[M any](t *testing.T, stream grpc.ServerStreamingClient[M], err error) *inbox[M] {
	t.Helper()
	if err != nil {
		t.Fatalf("open stream: %v", err)
	}
	in := &inbox[M]{}
	go func() {
		for {
			m, err := stream.Recv()
			in.mu.Lock()
			if err == nil {
				in.got = append(in.got, m)
			}
			in.err = err
			in.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	synctest.Wait()
	return in
}

// take returns what has come since the last take.
func (in *inbox[M]) take() []*M {
	synctest.Wait()
	in.mu.Lock()
	defer in.mu.Unlock()
	got := in.got
	in.got = nil
	return got
}

// end is how the stream has ended, nil while it is open.
func (in *inbox[M]) end() error {
	synctest.Wait()
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.err
}

// open fails the test unless the stream is open and stays so.
func (in *inbox[M]) open(t *testing.T) {
	t.Helper()
	time.Sleep(time.Hour)
	if err := in.end(); err != nil {
		t.Errorf("stream ended with %v, want it open", err)
	}
}

// ended fails the test unless the stream has ended with OK.
func (in *inbox[M]) ended(t *testing.T) {
	t.Helper()
	if err := in.end(); !errors.Is(err, io.EOF) {
		t.Errorf("stream ended with %v, want the end of stream with OK", err)
	}
}
