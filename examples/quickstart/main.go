// Quickstart is a tour of jetway against a mock backend on this machine: it logs in with
// an API key, uses every service, and keeps working while access tokens are revoked.
//
// Each step prints one line: what happened, how many token requests the step made, and
// how long it took. A step that fails, or that makes another number of token requests
// than expected, ends the program with status 1.
//
// Read login.go, then work.go, watch.go and logs.go, then revoked.go. The same code works
// with a real backend, except where it makes the mock revoke a token or cut a stream;
// task.go has what the mock does instead of running the task.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/jetway-go/jetway/clientset"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	"github.com/jetway-go/jetway/mockserver"
)

func main() {
	current := flag.Bool("current", false, "let the mock mount only what a current server of Flyte 2 mounts")
	flag.Parse()
	services := mockserver.All
	if *current {
		services = mockserver.Current
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, services)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// tour is what the steps share.
type tour struct {
	mock *mockserver.Server   // the backend
	cs   *clientset.ClientSet // the client

	project *commonpb.ProjectIdentifier
	action  *commonpb.ActionIdentifier // root action of the run
	attempt uint32                     // its last attempt; 0 until it has succeeded
}

// step is one line of the tour.
type step struct {
	name string
	// tokens is the expected number of token requests.
	tokens int
	do     func(context.Context, *tour) (happened string, err error)
}

func run(ctx context.Context, out io.Writer, services mockserver.Services) error {
	mock, err := mockserver.New(mockserver.WithProject("demo"), mockserver.WithServices(services))
	if err != nil {
		return err
	}
	defer mock.Close()
	timeline, err := played()
	if err != nil {
		return err
	}
	mock.Backend().SetTimeline(taskName, timeline)
	return visit(ctx, out, mock)
}

// visit runs every step against mock.
func visit(ctx context.Context, out io.Writer, mock *mockserver.Server) error {
	t := &tour{mock: mock, project: &commonpb.ProjectIdentifier{Name: "demo", Domain: "development"}}
	defer func() {
		if t.cs != nil {
			_ = t.cs.Close()
		}
	}()

	start := time.Now()
	for _, s := range steps() {
		if err := take(ctx, out, t, s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	fmt.Fprintf(out, "\nall %d steps succeeded, %d token requests in all, %s\n",
		len(steps()), mock.TokenRequests(), short(time.Since(start)))
	return nil
}

// take runs one step under a deadline and writes its line.
func take(ctx context.Context, out io.Writer, t *tour, s step) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	before, start := t.mock.TokenRequests(), time.Now()
	happened, err := s.do(ctx, t)
	took, tokens := time.Since(start), t.mock.TokenRequests()-before
	if err == nil && tokens != s.tokens {
		err = fmt.Errorf("%d token requests, want %d", tokens, s.tokens)
	}
	if err != nil {
		happened = "FAILED: " + err.Error()
	}
	fmt.Fprintf(out, "%-23s  %-65s  token requests: %d  %9s\n", s.name, happened, tokens, short(took))
	return err
}

func short(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

func steps() []step {
	return []step{
		{"decode the API key", 0, decodeAPIKey},
		{"log in", 1, logIn},
		{"who am I", 0, whoAmI},
		{"admin version", 0, adminVersion},
		{"list projects", 0, listProjects},
		{"pick a cluster", 0, pickCluster},
		{"deploy a task", 0, deployTask},
		{"create a run", 0, createRun},
		{"follow the run", 0, followRun},
		{"tail its log, cut once", 0, tailLogs},
		{"read its outputs", 0, readOutputs},
		{"upload a file", 0, uploadFile},
		{"download a file", 0, downloadFile},
		{"store a secret", 0, storeSecret},
		{"revoked during a call", 1, revokedDuringCall},
		{"revoked before a stream", 1, revokedBeforeStream},
		{"revoked under load", 1, revokedUnderLoad},
		{"shut down", 0, shutDown},
	}
}
