package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/jupyterhub"
)

// operate does what a service with the rights for it does at the hub: it lists users, makes
// a token for one of them, and starts and stops that user's server.
func operate(ctx context.Context, out io.Writer, config jupyterhub.Config) error {
	cs, err := clientset.For(ctx, jupyterhub.Resolver{Config: config})
	if err != nil {
		return err
	}
	defer cs.Close()
	hub := jupyterhub.NewClient(cs.HTTPClient(), cs.HTTPURL(""))
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // a server may take that long
	defer cancel()

	for user, err := range hub.Users(ctx, jupyterhub.UserFilter{}) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "user %s of %v\n", user.Name, user.Groups)
	}

	token, err := hub.CreateToken(ctx, "inara", jupyterhub.TokenOptions{Note: "nightly", Lifetime: time.Hour})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "a token of %s, for %s: %v\n", token.User, token.Note, token.Secret) // which does not show it

	ready, err := hub.StartServer(ctx, "inara", "", nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "the server of inara is ready at once: %t\n", ready)
	for step, err := range hub.Progress(ctx, "inara", "") {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  %d%% %s\n", step.Percent, step.Message)
	}
	if _, err := hub.StopServer(ctx, "inara", ""); err != nil {
		return err
	}
	if err := hub.WaitStopped(ctx, "inara", ""); err != nil {
		return err
	}
	if err := hub.RevokeToken(ctx, "inara", token.ID); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "the server has stopped, the token is revoked")
	return err
}
