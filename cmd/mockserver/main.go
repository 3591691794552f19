// Command mockserver runs the mock backend alone: every service, an
// authorization server and an object store, until it is interrupted.
//
// It prints what a client needs to connect. Run it with -h for its flags.
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

	"github.com/jetway-go/jetway/mockserver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, errUsage):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// errUsage says that the flags were wrong, which has been told already.
var errUsage = errors.New("wrong usage")

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return errors.Join(errUsage, err)
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
	if err := announce(server, f, stdout); err != nil {
		return errors.Join(err, server.Close())
	}
	<-ctx.Done()
	return server.Close()
}

// announce prints how to connect. The secret is the mock's own, good for nothing
// else.
func announce(server *mockserver.Server, f *flags, stdout io.Writer) error {
	lines := [][2]string{
		{"endpoint", server.Endpoint()},
		{"issuer", server.Issuer()},
		{"http", server.HTTPURL()},
		{"client id", server.ClientID()},
		{"client secret", server.ClientSecret()},
		{"login", server.Login()},
		{"password", server.Password()},
		{"api key", server.APIKey()},
	}
	if f.caFile != "" {
		if err := os.WriteFile(f.caFile, server.CACertPEM(), 0o600); err != nil {
			return fmt.Errorf("write the CA certificate: %w", err)
		}
		lines = append(lines, [2]string{"ca file", f.caFile})
	}
	for _, line := range lines {
		if _, err := fmt.Fprintf(stdout, "%-14s %s\n", line[0], line[1]); err != nil {
			return fmt.Errorf("print how to connect: %w", err)
		}
	}
	return nil
}
