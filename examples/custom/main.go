// Custom logs in by a flow and with a store of its own. The flow asks a token broker,
// as companies have them, for the access token of a machine. The store is a table that
// several programs share; it locks a login while one of them replaces it. Broker, table
// and backend are in this process; the two client sets stand for two programs.
//
// To have a way to log in or a place for logins of your own, implement [auth.Flow] or
// [auth.Store] and hand it over:
//
//	cs, err := clientset.ForEndpoint(endpoint, clientset.WithFlow(broker{…}), clientset.WithStore(newTable()))
//
// The flow is in flow.go, the store in store.go; company.go stands for the token broker.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "custom:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	mock, err := mockserver.New(mockserver.WithProject("demo"))
	if err != nil {
		return err
	}
	defer mock.Close()
	company := startBroker(mock)
	defer company.Close()

	login := broker{URL: company.URL, Machine: "build-7", HTTP: company.Client()}
	logins := newTable()
	endpoint := "http://" + mock.Endpoint()
	first, err := clientset.ForEndpoint(endpoint, clientset.WithFlow(login), clientset.WithStore(logins))
	if err != nil {
		return err
	}
	defer first.Close()
	second, err := clientset.ForEndpoint(endpoint, clientset.WithFlow(login), clientset.WithStore(logins))
	if err != nil {
		return err
	}
	defer second.Close()

	if err := call(ctx, first, second); err != nil {
		return err
	}
	fmt.Fprintf(out, "two programs called: the broker issued %d token, %s\n", company.issued.Load(), logins)

	mock.Script().RevokeTokens()
	if err := call(ctx, first, second); err != nil {
		return err
	}
	fmt.Fprintf(out, "the token was revoked, both called again: the broker issued %d tokens\n", company.issued.Load())

	// The broker refuses an unknown machine, and the error says so.
	login.Machine = "unknown"
	third, err := clientset.ForEndpoint(endpoint, clientset.WithFlow(login))
	if err != nil {
		return err
	}
	defer third.Close()
	if err = call(ctx, third); err == nil {
		return errors.New("the broker issued a token to an unknown machine")
	}
	fmt.Fprintf(out, "an unknown machine: %s: %v\n", status.Code(err), err)
	return nil
}

func call(ctx context.Context, programs ...*clientset.ClientSet) error {
	for _, cs := range programs {
		if _, err := cs.Project().GetProject(ctx, &projectpb.GetProjectRequest{Id: "demo"}); err != nil {
			return err
		}
	}
	return nil
}
