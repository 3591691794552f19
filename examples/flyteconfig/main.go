// Flyteconfig reads the configuration that Flyte's own tools use, prints where each
// value came from, and calls the backend with it. The backend is a mock on this
// machine, and the configuration is written for this program. With the argument "here"
// it explains the configuration of the working directory and makes no call.
//
// Against a real backend a program needs one line:
//
//	cs, err := clientset.For(ctx, flyte.Resolver{})
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/platform/flyte"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	var err error
	if len(os.Args) > 1 && os.Args[1] == "here" {
		err = explain(os.Stdout, flyte.Resolver{})
	} else {
		err = run(ctx, os.Stdout)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "flyteconfig:", err)
		os.Exit(1)
	}
}

func explain(out io.Writer, r flyte.Resolver) error {
	c, err := r.Load()
	if err != nil {
		return err
	}
	fmt.Fprint(out, c)
	for _, w := range c.Warnings {
		fmt.Fprintln(out, "warning:", w)
	}
	return nil
}

func run(ctx context.Context, out io.Writer) error {
	mock, err := mockserver.New(mockserver.WithProject("demo"))
	if err != nil {
		return err
	}
	defer mock.Close()
	dir, err := os.MkdirTemp("", "flyteconfig")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	// A file as a repository may contain it, and a secret of this machine.
	path := filepath.Join(dir, "config.yaml")
	config := "admin:\n  endpoint: dns:///" + mock.Endpoint() + "\n  insecure: true\n  clientID: " + mock.ClientID() +
		"\n  clientSecretLocation: secret\ntask:\n  project: from-file\n"
	err = errors.Join(
		os.WriteFile(path, []byte(config), 0o600),
		os.WriteFile(filepath.Join(dir, "secret"), []byte(mock.ClientSecret()+"\n"), 0o600))
	if err != nil {
		return err
	}
	environment := map[string]string{"FLYTE_ADMIN_CLIENTID": mock.ClientID(), "FLYTE_TASK_PROJECT": "demo"}
	trust := flyte.FileTrust{Dir: filepath.Join(dir, "trust")}
	r := flyte.Resolver{
		Dir: dir, Home: dir, Trust: trust,
		LookupEnv: func(name string) (string, bool) { v, ok := environment[name]; return v, ok },
	}
	if err := explain(out, r); err != nil {
		return err
	}

	// The file uses a secret, so the user has to record that it may.
	if _, err := clientset.For(ctx, r); !errors.Is(err, flyte.ErrUntrusted) {
		return fmt.Errorf("a file of the working directory was trusted without a decision: %w", err)
	}
	fmt.Fprintln(out, "it is not trusted yet")
	if err := trust.Record(path); err != nil {
		return err
	}
	cs, err := clientset.For(ctx, r)
	if err != nil {
		return err
	}
	defer cs.Close()
	projects, err := cs.Project().ListProjects(ctx, &projectpb.ListProjectsRequest{})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "trusted: %d project at %s\n", len(projects.GetProjects().GetProjects()), cs.Endpoint())
	return nil
}
