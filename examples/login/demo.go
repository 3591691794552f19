package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// demo runs the commands one after the other against a mock, with files in a
// temporary directory in place of the keyring.
func demo(ctx context.Context, in io.Reader, out, talk io.Writer) error {
	mock, err := mockserver.New(
		mockserver.WithProject("demo"),
		mockserver.WithOAuth(oauth.Config{AutoApprove: mockserver.DefaultLogin, DeviceInterval: time.Second}))
	if err != nil {
		return err
	}
	defer mock.Close()
	dir, err := os.MkdirTemp("", "login")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	endpoint := "http://" + mock.Endpoint()
	logins := clientset.WithStore(&tokenstore.FileStore{
		Dir: filepath.Join(dir, "credentials"), LockDir: filepath.Join(dir, "locks"),
	})
	p := program{
		endpoint: endpoint,
		options: []clientset.Option{
			// As on a server that the person reaches by SSH: no browser there, so that
			// Auto shows a code.
			clientset.WithFlow(flow.Auto{Environment: &flow.Environment{Terminal: true, Remote: true}}),
			clientset.WithPrompter(auth.Terminal(in, talk)),
			logins,
		},
		out: out,
	}
	for _, command := range []string{"status", "login", "status"} {
		fmt.Fprintln(out, "--", command)
		if err := p.do(ctx, command); err != nil {
			return err
		}
	}
	if err := call(ctx, endpoint, logins); err != nil {
		return err
	}
	fmt.Fprintln(out, "another program called the backend with this login")

	fmt.Fprintln(out, "-- logout")
	if err := p.do(ctx, "logout"); err != nil {
		return err
	}
	if err := call(ctx, endpoint, logins); !errors.Is(err, auth.ErrInteractionRequired) {
		return fmt.Errorf("a call after the logout: %w", err)
	}
	fmt.Fprintln(out, "the other program has to ask for a login now")
	return nil
}

// call is another program: it has no flow, and uses the login that it finds.
func call(ctx context.Context, endpoint string, logins clientset.Option) error {
	cs, err := clientset.ForEndpoint(endpoint, logins)
	if err != nil {
		return err
	}
	defer cs.Close()
	_, err = cs.Project().GetProject(ctx, &projectpb.GetProjectRequest{Id: "demo"})
	return err
}
