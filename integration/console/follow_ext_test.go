package console_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/console"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// attached starts a mock with a project and a console.
func attached(t *testing.T, opts ...mockserver.Option) (*mockserver.Server, *console.Console) {
	t.Helper()
	s := mocktest.New(t, append([]mockserver.Option{mockserver.WithProject("demo"), mockserver.WithLogger(nil)}, opts...)...)
	c, err := console.Attach(s)
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

// A developer watches a program log in by a device, run a task, and get through an outage of
// the token endpoint, and lets all of it happen from the page.
func TestConsoleFollowsAProgram(t *testing.T) {
	t.Parallel()
	s, c := attached(t, mockserver.WithOAuth(oauth.Config{DeviceInterval: 1e9}))
	s.Backend().SetTimeline("", backend.Timeline{Steps: []backend.Step{
		{Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING, Logs: []string{"the task has started"}},
		{Action: "child", Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING},
		{Manual: true, Logs: []string{"the task has almost ended"}},
		{Action: "child", Phase: commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED},
		{Phase: commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED},
	}})
	p := newTab(t)
	p.open(t, c.Address())
	p.shows(t, "live", "live")
	if got := eval[string](t, p, "location.href"); got != s.HTTPURL()+console.Path {
		t.Errorf("the address is %s", got)
	}
	if got := eval[string](t, p, "document.cookie"); got != "" {
		t.Errorf("scripts read the cookie: %q", got)
	}

	cs, err := clientset.ForEndpoint(s.URL(), clientset.WithFlow(flow.DeviceCode{}), clientset.WithPrompter(silent{}), clientset.WithoutRetry(),
		clientset.WithStore(&tokenstore.MemoryStore{}))
	if err != nil {
		t.Fatal(err)
	}
	defer cs.Close()
	loggedIn := make(chan error, 1)
	go func() { loggedIn <- cs.Login(t.Context()) }()
	p.shows(t, "devices", "A device waits for approval")
	p.click(t, "b-approve-"+s.Script().PendingDevices()[0].UserCode)
	p.shows(t, "toast", "Approved for "+s.Login())
	if err := <-loggedIn; err != nil {
		t.Fatalf("the device's login: %v", err)
	}
	p.shows(t, "logins", "approved by device_code")

	run, err := cs.Run().CreateRun(t.Context(), &workflowpb.CreateRunRequest{
		Id:   &workflowpb.CreateRunRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "demo", Domain: "development"}},
		Task: &workflowpb.CreateRunRequest_TaskSpec{TaskSpec: &taskpb.TaskSpec{TaskTemplate: &corepb.TaskTemplate{}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.shows(t, "timeline", run.GetRun().GetAction().GetId().GetRun().GetName())
	p.shows(t, "timeline", "child")
	p.shows(t, "log", "the task has started")
	s.Backend().Advance()
	p.shows(t, "log", "the task has almost ended")
	p.shows(t, "runs", "succeeded")
	if n := eval[int](t, p, "document.querySelectorAll('#timeline rect.ph-running').length"); n < 2 {
		t.Errorf("%d phases are drawn", n)
	}

	list := func() codes.Code {
		_, err := cs.Project().ListProjects(t.Context(), &projectpb.ListProjectsRequest{})
		return status.Code(err)
	}
	p.click(t, "b-token-endpoint-down")
	p.shows(t, "counts", "Token endpoint: Down")
	p.click(t, "b-expire-tokens")
	p.shows(t, "logins", "expired")
	if list() == codes.OK {
		t.Error("a call with an expired token was served")
	}
	p.shows(t, "requests", "503 Service Unavailable")
	p.click(t, "b-token-endpoint-down")
	p.shows(t, "toast", "is over")
	for list() != codes.OK { // the client pauses between two tries
		select {
		case <-p.ctx.Done():
			t.Fatal("it never recovered")
		case <-time.After(100 * time.Millisecond):
		}
	}
	p.shows(t, "logins", "renewed by refresh_token")
	p.shows(t, "requests", "repeats")

	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.asked) < 5 {
		t.Errorf("only %q were asked", p.asked)
	}
	for _, address := range p.asked {
		if u, err := url.Parse(address); err != nil || "http://"+u.Host != s.HTTPURL() || !strings.HasPrefix(u.Path, console.Path) {
			t.Errorf("the page asked %s", address)
		}
	}
	if len(p.problems) > 0 {
		t.Errorf("the browser complained: %q", p.problems)
	}
}

// silent shows nothing: the test reads the code from the server.
type silent struct{}

// Prompt shows nothing.
func (silent) Prompt(context.Context, auth.Prompt) error { return nil }

// By keyboard alone: Tab reaches a button, Enter presses it, and the focus stays although the
// button is drawn anew.
func TestConsoleByKeyboard(t *testing.T) {
	t.Parallel()
	s, c := attached(t)
	p := newTab(t)
	p.open(t, c.Address())
	p.shows(t, "live", "live")
	for range 60 {
		if err := chromedp.Do(p.ctx, chromedp.KeyEvent("\t")); err != nil {
			t.Fatal(err)
		}
		if eval[string](t, p, "document.activeElement.id") == "b-token-endpoint-down" {
			break
		}
	}
	if got := eval[string](t, p, "document.activeElement.id"); got != "b-token-endpoint-down" {
		t.Fatalf("the focus is on %q", got)
	}
	if err := chromedp.Do(p.ctx, chromedp.KeyEvent("\r")); err != nil {
		t.Fatal(err)
	}
	p.shows(t, "fault-token-endpoint-down", "Turn off")
	if got := eval[string](t, p, "document.activeElement.id"); got != "b-token-endpoint-down" {
		t.Errorf("the focus went to %q", got)
	}
	if on := s.Script().TokenEndpoint().On(); len(on) != 1 {
		t.Errorf("faults %v", on)
	}
}
