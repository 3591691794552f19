// Wallaroo logs in at a Wallaroo instance as its SDK does: with a device code at
// Keycloak (sso), with a user name and a password, and with nothing at all, which
// tells what to set. The instance is a mock on this machine.
//
// In earnest a program sets WALLAROO_SDK_AUTH_TYPE and WALLAROO_URL, and needs
// one line:
//
//	cs, err := clientset.For(ctx, wallaroo.Resolver{}, clientset.WithPrompter(wallaroo.Printer(os.Stderr)))
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/internal/peertest"
	"github.com/jetway-go/jetway/platform/wallaroo"
	"github.com/jetway-go/jetway/platform/wallaroo/keycloaktest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "wallaroo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) (err error) {
	login := keycloaktest.NewServer(keycloaktest.Config{
		Users:       []keycloaktest.User{{Name: "steve@ex.co", Password: "hello", Email: "steve@ex.co"}},
		AutoApprove: "steve@ex.co", // who opens every address that is shown
		Interval:    time.Second,
	})
	defer login.Close()
	backend, err := peertest.New(ctx, peertest.Config{Verifier: login})
	if err != nil {
		return err
	}
	defer backend.Close()

	// What would stand in the environment.
	environment := map[string]string{
		wallaroo.EnvURL:     "http://" + backend.Endpoint(),
		wallaroo.EnvAuthURL: login.URL,
		wallaroo.EnvUser:    "steve@ex.co", wallaroo.EnvPassword: "hello",
	}
	r := wallaroo.Resolver{LookupEnv: func(name string) (string, bool) { v, ok := environment[name]; return v, ok }}

	if _, err := clientset.For(ctx, r); !errors.Is(err, wallaroo.ErrMissing) {
		return fmt.Errorf("without an auth type: %w", err)
	}
	fmt.Fprintf(out, "without an auth type:\n%v\n\n", wallaroo.ErrMissing)

	for _, authType := range []wallaroo.AuthType{wallaroo.SSO, wallaroo.UserPassword} {
		r.AuthType = authType
		if err := use(ctx, out, r); err != nil {
			return fmt.Errorf("%s: %w", authType, err)
		}
		calls := backend.Calls()
		fmt.Fprintf(out, "%s: the backend was called by %s\n\n", authType, calls[len(calls)-1].Subject)
	}
	return nil
}

// use makes a client and a call.
func use(ctx context.Context, out io.Writer, r wallaroo.Resolver) error {
	cs, err := clientset.For(ctx, r, clientset.WithPrompter(wallaroo.Printer(out)), clientset.WithoutStore())
	if err != nil {
		return err
	}
	defer cs.Close()
	_, err = cs.Project().ListProjects(ctx, &projectpb.ListProjectsRequest{})
	return err
}
