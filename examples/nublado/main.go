// Nublado is a service behind Gafaelfawr that calls Nublado in the name of each
// user who sends it a request, and once in its own, with a token that it makes. Then it
// starts a lab for a user and runs Python there. Service discovery, Gafaelfawr, Nublado
// and its labs are mocks on this machine.
//
// On the platform itself REPERTOIRE_BASE_URL is set, and a request handler needs one line:
//
//	cs, err := clientset.For(ctx, nublado.Resolver{Source: nublado.FromRequest(r.Header)})
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "nublado:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	site := nubladotest.NewServer()
	defer site.Close()
	address, stop, err := serve(ctx, site.Gafaelfawr)
	if err != nil {
		return err
	}
	defer stop()
	site.SetNubladoURL(address + "/nb")

	// One discovery client for the whole service, one client for each user.
	shared, err := repertoire.New(repertoire.Config{BaseURL: site.DiscoveryURL()})
	if err != nil {
		return err
	}
	admin := site.Gafaelfawr.IssueToken("admin", 0, "admin:token")
	for name, source := range map[string]nublado.Source{
		"delegated by ada":   nublado.FromRequest(site.Gafaelfawr.Delegate("ada", nublado.DefaultScope)),
		"delegated by grace": nublado.FromRequest(site.Gafaelfawr.Delegate("grace", nublado.DefaultScope)),
		"in our own name":    nublado.Created{Username: "bot-example", Admin: flow.SecretValue(admin), Lifetime: time.Hour},
	} {
		project, err := use(ctx, nublado.Resolver{Source: source, Discovery: shared})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(out, "%s: Nublado has the %s\n", name, project)
	}
	fmt.Fprintf(out, "service discovery was asked %d time for all of them\n", site.Repertoire.Fetches())
	return lab(ctx, out)
}

// use makes a client for one user, and a call, and returns the name of the project that
// it finds.
func use(ctx context.Context, r nublado.Resolver) (string, error) {
	cs, err := clientset.For(ctx, r)
	if err != nil {
		return "", err
	}
	defer cs.Close()
	found, err := cs.Project().ListProjects(ctx, &projectpb.ListProjectsRequest{})
	if err != nil {
		return "", err
	}
	projects := found.GetProjects().GetProjects()
	if len(projects) == 0 {
		return "", errors.New("there is no project")
	}
	return projects[0].GetName(), nil
}
