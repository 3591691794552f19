// Wallaroo logs in at a Wallaroo instance as its SDK does: with a device code at
// Keycloak (sso), with a user name and a password, and without an auth type, which
// fails with an error that says what to set. The instance is a mock on this machine.
//
// Against a real instance a program sets WALLAROO_SDK_AUTH_TYPE and WALLAROO_URL, and needs
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

func run(ctx context.Context, out io.Writer) error {
	login := keycloaktest.NewServer(keycloaktest.Config{
		Users:       []keycloaktest.User{{Name: "steve@ex.co", Password: "hello", Email: "steve@ex.co"}},
		AutoApprove: "steve@ex.co", // approves every device code at once
		Interval:    time.Second,
	})
	defer login.Close()
	address, stop, err := serve(ctx, login)
	if err != nil {
		return err
	}
	defer stop()

	// Without LookupEnv, the resolver reads these from the environment.
	environment := map[string]string{
		wallaroo.EnvURL:     address,
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
	found, err := cs.Project().ListProjects(ctx, &projectpb.ListProjectsRequest{})
	if err != nil {
		return err
	}
	for _, p := range found.GetProjects().GetProjects() {
		fmt.Fprintf(out, "%s: found the %s\n\n", r.AuthType, p.GetName())
	}
	return nil
}
