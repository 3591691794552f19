package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jetway-go/jetway/clientset"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
)

// loginTime is how long a person may take.
const loginTime = 5 * time.Minute

// program is one run of login.
type program struct {
	endpoint string
	options  []clientset.Option
	out      io.Writer
}

func (p program) do(ctx context.Context, command string) error {
	cs, err := clientset.ForEndpoint(p.endpoint, p.options...)
	if err != nil {
		return err
	}
	defer cs.Close()
	switch command {
	case "login":
		return p.login(ctx, cs)
	case "status":
		return p.status(ctx, cs)
	case "logout":
		return p.logout(ctx, cs)
	default:
		return fmt.Errorf("unknown command %q: want login, status or logout", command)
	}
}

// login asks the person before the first call, with a deadline that suits people.
func (p program) login(ctx context.Context, cs *clientset.ClientSet) error {
	asking, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	if err := cs.Login(asking); err != nil {
		return err
	}
	me, err := cs.Identity().UserInfo(ctx, &authpb.UserInfoRequest{})
	if err != nil {
		return err
	}
	fmt.Fprintln(p.out, "logged in as", me.GetSubject())
	return nil
}

// status reads the store and sends nothing.
func (p program) status(ctx context.Context, cs *clientset.ClientSet) error {
	login, err := cs.Authenticator().Inspect(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.out, login)
	return nil
}

// logout revokes the tokens at the authorization server and deletes them here.
func (p program) logout(ctx context.Context, cs *clientset.ClientSet) error {
	if err := cs.Authenticator().Logout(ctx); err != nil {
		return err
	}
	fmt.Fprintln(p.out, "logged out")
	return nil
}
