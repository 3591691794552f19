// Login is a program that people log in with: it logs a person in, shows the login
// that is stored, and logs out.
//
//	go run ./examples/login -endpoint flyte.example.com login
//	go run ./examples/login -endpoint flyte.example.com status
//	go run ./examples/login -endpoint flyte.example.com logout
//
// Without an endpoint it does the three in turn against a mock on this machine, where
// an account approves every login. Other programs of the same user find the login
// that this one has stored: they need no flow, clientset.ForEndpoint(endpoint) is
// enough.
//
// The three commands are in program.go; demo.go runs them against the mock.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "login:", err)
		os.Exit(1)
	}
}

// run reads answers of the person from in. What a script may read goes to out, what
// the person reads to talk.
func run(ctx context.Context, args []string, in io.Reader, out, talk io.Writer) error {
	flags := flag.NewFlagSet("login", flag.ContinueOnError)
	flags.SetOutput(talk)
	endpoint := flags.String("endpoint", "", "`host` of the backend; empty runs against a mock")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *endpoint == "" {
		return demo(ctx, in, out, talk)
	}
	return program{
		endpoint: *endpoint,
		options: []clientset.Option{
			clientset.WithFlow(flow.Auto{}), // a browser where there is one, else a code to type elsewhere
			clientset.WithPrompter(auth.Terminal(in, talk)),
		},
		out: out,
	}.do(ctx, flags.Arg(0))
}
