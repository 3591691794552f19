package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
)

// visit calls the service as three clients. They know its address only: the service
// tells them where to log in, and for which audience.
func visit(ctx context.Context, out io.Writer, address string, introspections func() int) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	as := func(id, secret string) clientset.Option {
		return clientset.WithFlow(flow.ClientCredentials{ClientID: id, Secret: flow.SecretValue(secret)})
	}
	for _, c := range []struct {
		name  string
		login clientset.Option
		calls int // after the first
	}{
		{"without a login", clientset.WithoutAuth(), 0},
		{"as monitor, which lacks the scope", as("monitor", "monitor-secret"), 0},
		{"as batch", as("batch", "batch-secret"), 100},
	} {
		cs, err := clientset.ForEndpoint(address, clientset.WithInsecure(), c.login) // the service has no TLS
		if err != nil {
			return err
		}
		fmt.Fprintln(out, c.name)
		fmt.Fprintf(out, "  Version: %s\n", answer(ctx, cs, versionMethod, ""))
		fmt.Fprintf(out, "  Greet: %s\n", answer(ctx, cs, greetMethod, "good morning"))
		if c.calls > 0 {
			before := introspections()
			for range c.calls {
				answer(ctx, cs, greetMethod, "hello again")
			}
			fmt.Fprintf(out, "  %d more calls made %d introspection requests\n", c.calls, introspections()-before)
		}
		if err := cs.Close(); err != nil {
			return err
		}
	}
	return nil
}

// answer calls a method and returns its answer, or the error as text. A ClientSet is a
// connection like any other: generated stubs take it too.
func answer(ctx context.Context, cs *clientset.ClientSet, method, word string) string {
	reply := new(wrapperspb.StringValue)
	if err := cs.Invoke(ctx, method, wrapperspb.String(word), reply); err != nil {
		return status.Code(err).String() + ": " + status.Convert(err).Message()
	}
	return reply.GetValue()
}
