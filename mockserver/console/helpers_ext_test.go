package console_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// event is one message of the stream.
type event struct {
	Panel   string `json:"panel"`
	HTML    string `json:"html"`
	Text    string `json:"text"`
	Skipped uint64 `json:"skipped"`
}

// follow opens the stream; the channel ends with it.
func (v *visitor) follow(tb testing.TB, query string) <-chan event {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	tb.Cleanup(cancel)
	return v.followUntil(ctx, tb, query)
}

func (v *visitor) followUntil(ctx context.Context, tb testing.TB, query string) <-chan event {
	tb.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+"/console/events"+query, http.NoBody)
	if err != nil {
		tb.Fatal(err)
	}
	resp, err := v.http.Do(r) //nolint:bodyclose // below
	if err != nil {
		tb.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		_ = resp.Body.Close()
		tb.Fatalf("the stream: %s", resp.Status)
	}
	events := make(chan event, 1000)
	go func() {
		defer close(events)
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 4<<20)
		for lines.Scan() {
			var e event
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				if !strings.HasPrefix(lines.Text(), "id: ") && !strings.HasPrefix(lines.Text(), ":") && lines.Text() != "" {
					events <- event{Panel: "broken", Text: lines.Text()}
				}
				continue
			}
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				e = event{Panel: "broken", Text: data}
			}
			events <- e
		}
	}()
	return events
}

// await returns the first event for which ok returns true, and all up to it.
func await(tb testing.TB, events <-chan event, what string, ok func(event) bool) (found event, all []event) {
	tb.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case e, open := <-events:
			if !open {
				tb.Fatalf("the stream ended before %s", what)
			}
			if all = append(all, e); ok(e) {
				return e, all
			}
		case <-late:
			tb.Fatalf("%s did not come; got %d events", what, len(all))
		}
	}
}

// showing is an event of a panel with this in it.
func showing(panel string, parts ...string) func(event) bool {
	return func(e event) bool {
		for _, part := range parts {
			if !strings.Contains(e.HTML, part) {
				return false
			}
		}
		return e.Panel == panel
	}
}

func connect(tb testing.TB, s *mockserver.Server) *grpc.ClientConn {
	tb.Helper()
	conn, err := grpc.NewClient(s.Endpoint(), grpc.WithTransportCredentials(s.TransportCredentials()), s.DialOption())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

// issue returns tokens of ada.
func issue(tb testing.TB, s *mockserver.Server) oauth.IssuedToken {
	tb.Helper()
	token, err := s.Script().IssueToken(oauth.TokenSpec{
		Subject: "ada", ClientID: mockserver.PublicClientID, Scopes: []string{"all"}, Refresh: true,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

// as is a context for calls with a token and further metadata.
func as(tb testing.TB, token string, pairs ...string) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	tb.Cleanup(cancel)
	return metadata.AppendToOutgoingContext(ctx, append([]string{"authorization", "Bearer " + token}, pairs...)...)
}

func list(ctx context.Context, conn grpc.ClientConnInterface) error {
	_, err := projectpb.NewProjectServiceClient(conn).ListProjects(ctx, &projectpb.ListProjectsRequest{})
	return err
}

// start starts a run of a task without a name in project demo.
func start(ctx context.Context, tb testing.TB, conn grpc.ClientConnInterface, name string) {
	tb.Helper()
	_, err := workflowpb.NewRunServiceClient(conn).CreateRun(ctx, &workflowpb.CreateRunRequest{
		Id:   &workflowpb.CreateRunRequest_RunId{RunId: &commonpb.RunIdentifier{Project: "demo", Domain: "development", Name: name}},
		Task: &workflowpb.CreateRunRequest_TaskSpec{TaskSpec: &taskpb.TaskSpec{TaskTemplate: &corepb.TaskTemplate{}}},
	})
	if err != nil {
		tb.Fatal(err)
	}
}
