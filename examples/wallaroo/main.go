// Wallaroo logs in at a Wallaroo instance as its SDK does: with a device code at
// Keycloak (sso), with a user name and a password, and without an auth type, which
// fails with an error that says what to set. With the login it deploys a pipeline and
// infers. The instance is a mock on this machine.
//
// Against a real instance a program sets WALLAROO_SDK_AUTH_TYPE and WALLAROO_URL, and needs
// one line:
//
//	cs, err := clientset.For(ctx, wallaroo.Resolver{}, clientset.WithPrompter(wallaroo.Printer(os.Stderr)))
//
// and one more for the API:
//
//	api := wallaroo.NewClient(cs.HTTPClient(), cs.HTTPURL(""))
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/wallaroo"
	"github.com/jetway-go/jetway/platform/wallaroo/apitest"
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
	login := keycloaktest.NewRealm(keycloaktest.Config{
		Users:       []keycloaktest.User{{Name: "steve@ex.co", Password: "hello", Email: "steve@ex.co"}},
		AutoApprove: "steve@ex.co", // approves every device code at once
		Interval:    time.Second,
	})
	instance := apitest.NewServer(apitest.Config{Verifier: login, Login: login, Pending: 1})
	defer instance.Close()

	// Without LookupEnv, the resolver reads these from the environment.
	environment := map[string]string{
		wallaroo.EnvURL:  instance.URL,
		wallaroo.EnvUser: "steve@ex.co", wallaroo.EnvPassword: "hello",
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

// use logs in, deploys a pipeline and infers.
func use(ctx context.Context, out io.Writer, r wallaroo.Resolver) error {
	cs, err := clientset.For(ctx, r, clientset.WithPrompter(wallaroo.Printer(out)), clientset.WithoutStore())
	if err != nil {
		return err
	}
	defer cs.Close()
	api := wallaroo.NewClient(cs.HTTPClient(), cs.HTTPURL(""))
	d, err := deploy(ctx, api, "demo-"+strings.ReplaceAll(string(r.AuthType), "_", "-"))
	if err != nil {
		return err
	}
	results, err := api.Infer(ctx, d, []wallaroo.Record{{"a": 1, "b": 2}, {"a": 3, "b": 4}})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %s runs and infers %s and %s\n\n", r.AuthType, d.Name(), results[0].Out["sum"], results[1].Out["sum"])
	return api.Undeploy(ctx, d)
}
