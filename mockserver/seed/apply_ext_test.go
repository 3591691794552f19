package seed_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/seed"
)

const everything = `
projects:
  - {id: demo, description: to try things out, labels: {team: a}}
secrets:
  - {name: key, project: demo, domain: development, value: s3cret}
  - {name: shared, value: for all}
tasks:
  - project: demo
    name: greet
    inputs: {name: string, times: integer, ratio: float, loud: boolean, at: datetime, pause: duration}
    outputs: {greeting: string}
    timeline:
      - {after: 300ms, phase: running, logs: [looking, found]}
      - {action: child, parent: a0, group: side, phase: running}
      - {after: 1s, action: child, phase: SUCCEEDED}
      - {await_action: child, after: 1m, phase: ACTION_PHASE_SUCCEEDED, outputs: {greeting: hello}, report: <html></html>}
runs:
  - project: demo
    name: first
    task: greet
    inputs: {name: Ada, times: 3}
  - project: demo
    domain: staging
    name: second
    timeline:
      - {phase: running}
      - {new_attempt: true, error: once}
      - {after: 1s, phase: failed, error: no luck}
  - project: demo
`

func TestApplyFillsABackend(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := mocktest.New(t, mockserver.WithInMemory(), mockserver.WithOpenAccess())
		f, err := seed.Parse([]byte(everything))
		if err != nil {
			t.Fatal(err)
		}
		if got := f.FirstProject(); got != "demo" {
			t.Errorf("first project %q", got)
		}
		if err := f.Apply(t.Context(), server.Backend()); err != nil {
			t.Fatal(err)
		}
		for _, s := range []struct{ domain, project, name, value string }{
			{"development", "demo", "key", "s3cret"}, {"", "", "shared", "for all"},
		} {
			if got, _ := server.Backend().SecretValue(s.domain, s.project, s.name); string(got) != s.value {
				t.Errorf("secret %s is %q", s.name, got)
			}
		}
		conn, err := grpc.NewClient(server.Endpoint(), grpc.WithTransportCredentials(server.TransportCredentials()), server.DialOption())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		first := watched(t.Context(), t, conn, "development", "first")
		if took := first.GetStatus().GetDurationMs(); took < 61300 || took > 61400 {
			t.Errorf("the timeline took %d ms", took)
		}
		second := watched(t.Context(), t, conn, "staging", "second")
		if second.GetErrorInfo().GetMessage() != "no luck" || second.GetStatus().GetAttempts() != 2 {
			t.Errorf("second run %v", second)
		}
		_, out := data(t, conn, "first")
		if diff := cmp.Diff(map[string]any{"greeting": "hello"}, out); diff != "" || first.GetStatus().GetAttempts() != 1 {
			t.Errorf("outputs (-want +got):\n%s", diff)
		}
		list, err := workflowpb.NewRunServiceClient(conn).ListRuns(t.Context(), &workflowpb.ListRunsRequest{
			ScopeBy: &workflowpb.ListRunsRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "demo", Domain: "development"}},
		})
		if err != nil || len(list.GetRuns()) != 2 {
			t.Errorf("runs %v, %v", list, err)
		}
	})
}

// watched returns the details of a run's root action when it has ended.
func watched(ctx context.Context, t *testing.T, conn grpc.ClientConnInterface, domain, name string) *workflowpb.ActionDetails {
	t.Helper()
	id := &commonpb.ActionIdentifier{Run: &commonpb.RunIdentifier{Project: "demo", Domain: domain, Name: name}, Name: "a0"}
	for {
		resp, err := workflowpb.NewRunServiceClient(conn).GetActionDetails(ctx, &workflowpb.GetActionDetailsRequest{ActionId: id})
		if err != nil {
			t.Fatal(err)
		}
		switch resp.GetDetails().GetStatus().GetPhase() {
		case commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED, commonpb.ActionPhase_ACTION_PHASE_FAILED:
			return resp.GetDetails()
		default:
			time.Sleep(time.Second)
		}
	}
}

func TestApplyNamesTheLineOfWhatIsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text, want string
		code       codes.Code
	}{
		"a project": {"projects:\n- name: x\n", "line 2: id of the project is missing", codes.InvalidArgument},
		"a task":    {"projects: [{id: a}]\ntasks:\n- {project: a, name: t}\n- {project: b, name: t}\n", `line 4: project "b" not found`, codes.NotFound},
		"a type": {
			"projects: [{id: a}]\ntasks:\n- {project: a, name: t, inputs: {n: int}}\n",
			`line 3: inputs: n has the type "int"; want one of [boolean datetime duration float integer string]`, codes.InvalidArgument,
		},
		"a run":     {"projects: [{id: a}]\nruns:\n- {project: a, name: r}\n- {project: a, name: r}\n", "line 4: run a/development/r already exists", codes.AlreadyExists},
		"a secret":  {"secrets:\n- {name: s, value: a}\n- {name: s, value: b}\n", `line 3: secret "s" already exists`, codes.AlreadyExists},
		"an input":  {"projects: [{id: a}]\ntasks: [{project: a, name: t, inputs: {n: datetime}}]\nruns:\n- {project: a, task: t, inputs: {n: soon}}\n", "line 4: inputs: n is not a datetime", codes.InvalidArgument},
		"an output": {"projects: [{id: a}]\nruns:\n- {project: a, timeline: [{}, {outputs: {n: [1]}}]}\n", "line 3: step 2: outputs: n is not a string, a boolean or a number", codes.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := seed.Parse([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			b := backend.New(backend.Config{})
			defer b.Close()
			err = f.Apply(t.Context(), b)
			if of := new(seed.Error); !errors.As(err, &of) || status.Code(of.Err) != tt.code || err.Error() != tt.want {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

// Values have the type that the task declares, or the one that they look like.
func TestInputsAreOfTheDeclaredType(t *testing.T) {
	t.Parallel()
	f, err := seed.Parse([]byte(`
projects: [{id: demo}]
tasks: [{project: demo, name: greet, inputs: {name: string, times: integer, ratio: float, loud: boolean, at: datetime, pause: duration}}]
runs:
  - {project: demo, name: declared, task: greet, inputs: {name: "7", times: 3, ratio: 2, loud: true, at: 2026-11-30T12:00:00Z, pause: 90s}}
  - {project: demo, name: undeclared, inputs: {name: x, times: 3, ratio: 2.5, loud: false, at: 2026-11-30T12:00:00Z}}
`))
	if err != nil {
		t.Fatal(err)
	}
	server := mocktest.New(t, mockserver.WithInMemory(), mockserver.WithOpenAccess())
	if err := f.Apply(t.Context(), server.Backend()); err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(server.Endpoint(), grpc.WithTransportCredentials(server.TransportCredentials()), server.DialOption())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for run, want := range map[string]map[string]any{
		"declared":   {"name": "7", "times": int64(3), "ratio": 2.0, "loud": true, "at": at, "pause": 90 * time.Second},
		"undeclared": {"name": "x", "times": int64(3), "ratio": 2.5, "loud": false, "at": "2026-11-30T12:00:00Z"},
	} {
		in, _ := data(t, conn, run)
		if diff := cmp.Diff(want, in); diff != "" {
			t.Errorf("%s (-want +got):\n%s", run, diff)
		}
	}
}

// data returns the inputs and outputs of a run.
func data(t *testing.T, conn grpc.ClientConnInterface, run string) (in, out map[string]any) {
	t.Helper()
	data, err := dataproxypb.NewDataProxyServiceClient(conn).GetActionData(t.Context(), &dataproxypb.GetActionDataRequest{
		ActionId: &commonpb.ActionIdentifier{Run: &commonpb.RunIdentifier{Project: "demo", Domain: "development", Name: run}, Name: "a0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return plain(data.GetInputs().GetLiterals()), plain(data.GetOutputs().GetLiterals())
}

func plain(literals []*taskpb.NamedLiteral) map[string]any {
	out := map[string]any{}
	for _, l := range literals {
		switch v := l.GetValue().GetScalar().GetPrimitive().GetValue().(type) {
		case *corepb.Primitive_StringValue:
			out[l.GetName()] = v.StringValue
		case *corepb.Primitive_Integer:
			out[l.GetName()] = v.Integer
		case *corepb.Primitive_FloatValue:
			out[l.GetName()] = v.FloatValue
		case *corepb.Primitive_Boolean:
			out[l.GetName()] = v.Boolean
		case *corepb.Primitive_Datetime:
			out[l.GetName()] = v.Datetime.AsTime()
		case *corepb.Primitive_Duration:
			out[l.GetName()] = v.Duration.AsDuration()
		}
	}
	return out
}

// The file in the documentation can be used as it is.
func TestTheDocumentedFileIsOne(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "mock.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```yaml\n")
	text, _, found := strings.Cut(text, "```")
	f, err := seed.Parse([]byte(text))
	if err != nil || !found {
		t.Fatal(err)
	}
	b := backend.New(backend.Config{})
	defer b.Close()
	if err := f.Apply(t.Context(), b); err != nil || len(f.Clients()) != 1 || len(f.Accounts()) != 1 {
		t.Errorf("it has %v, %v: %v", f.Clients(), f.Accounts(), err)
	}
}

// A second time, what is there stays as it is, and what is new is added.
func TestApplyMissingLeavesWhatIsThere(t *testing.T) {
	t.Parallel()
	b := mocktest.New(t, mockserver.WithInMemory()).Backend()
	for _, text := range []string{`
projects: [{id: demo}]
secrets: [{name: s, value: first}]
tasks: [{project: demo, name: greet, inputs: {n: integer}}]
runs: [{project: demo, name: r, task: greet}]
`, `
projects: [{id: demo}, {id: more}]
secrets: [{name: s, value: second}, {name: more, value: second}]
tasks: [{project: demo, name: greet}, {project: more, name: greet}]
runs: [{project: demo, name: r, task: greet}, {project: more, name: r, task: greet}]
`} {
		f, err := seed.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.ApplyMissing(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"s": "first", "more": "second"} {
		if got, _ := b.SecretValue("", "", name); string(got) != want {
			t.Errorf("secret %s is of the %s file", name, got)
		}
	}
	task, _ := b.TaskSpec(&taskpb.TaskIdentifier{Project: "demo", Domain: "development", Name: "greet", Version: "v1"})
	if len(task.GetTaskTemplate().GetInterface().GetInputs().GetVariables()) != 1 {
		t.Error("the task was replaced")
	}
	if runs := b.Snapshot(10, 1); len(runs) != 2 {
		t.Errorf("%d runs, want one of each project", len(runs))
	}
}
