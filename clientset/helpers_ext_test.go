package clientset_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/faults"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/requests"
)

const (
	project      = "demo"
	listProjects = "/flyteidl2.project.ProjectService/ListProjects"
)

// reach are the options that let a client find the mock, wherever it listens.
func reach(s *mockserver.Server) []clientset.Option {
	return []clientset.Option{
		clientset.WithDialOptions(s.DialOption()),
		clientset.WithHTTPClient(s.HTTPClient()),
		clientset.WithoutStore(),
	}
}

// connect is a client of a mock without TLS, logged in by the mock's API key.
func connect(tb testing.TB, s *mockserver.Server, opts ...clientset.Option) *clientset.ClientSet {
	tb.Helper()
	opts = append(append(reach(s), clientset.WithInsecure()), opts...)
	return made(tb)(clientset.ForAPIKey(s.APIKey(), opts...))
}

// made closes a client when the test ends.
func made(tb testing.TB) func(*clientset.ClientSet, error) *clientset.ClientSet {
	tb.Helper()
	return func(cs *clientset.ClientSet, err error) *clientset.ClientSet {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() {
			if err := cs.Close(); err != nil {
				tb.Errorf("Close: %v", err)
			}
		})
		return cs
	}
}

// list is a call that needs a token. Without a deadline in ctx it ends by patience.
func list(ctx context.Context, cs *clientset.ClientSet) error {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	_, err := cs.Project().ListProjects(ctx, &projectpb.ListProjectsRequest{})
	return err
}

// patience is what a test has for a single wait. It is far more than any takes on a
// slow machine, so that it only ends waits that are in vain.
const patience = time.Minute

// soon is a context for what must end by itself: a test that waits in vain should
// say where.
func soon(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	tb.Cleanup(cancel)
	return ctx
}

// calls counts the calls of a method that arrived.
func calls(s *mockserver.Server, method string) (n int) {
	for _, r := range s.Requests() {
		if r.Kind == requests.KindGRPC && r.Method == method {
			n++
		}
	}
	return n
}

func quiet(tb testing.TB, opts ...mockserver.Option) *mockserver.Server {
	tb.Helper()
	return mocktest.New(tb, append([]mockserver.Option{mockserver.WithProject(project)}, opts...)...)
}

// refusedByProxy is what a proxy in front of the token endpoint answers.
func refusedByProxy() faults.Answer {
	return faults.Answer{Status: http.StatusProxyAuthRequired, Body: "<html>who are you?</html>"}
}
