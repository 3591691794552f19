// Command mockserver runs the mock backend until it is interrupted: every service, an
// authorization server and an object store.
//
// As soon as it serves, it prints what a client needs to connect, one fact per line and
// last a line of Go to paste; with -json it prints one object for scripts instead. The
// HTTP address has a page that lists what is served. The command prints secrets to
// standard output only; no other server accepts them. Run it with -h for its flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	_ "google.golang.org/grpc/encoding/gzip" // clients may compress their requests, as with real backends

	"github.com/jetway-go/jetway/mockserver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	code := 1
	switch {
	case err == nil:
		return
	case errors.Is(err, errUsage):
		code = 2
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(code)
}

// errUsage marks errors in the flags.
var errUsage = errors.New("-h lists the flags")

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return fmt.Errorf("mockserver: %w; %w", err, errUsage)
	}
	options := f.options()
	if f.verbose {
		logger := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
		options = append(options, mockserver.WithLogger(logger))
	}
	server, err := mockserver.New(options...)
	if err != nil {
		return err
	}
	server.Script().TokenEndpoint().Slow(f.latency)
	if err := announce(server, f, stdout); err != nil {
		return errors.Join(err, server.Close())
	}
	<-ctx.Done()
	return server.Close()
}
