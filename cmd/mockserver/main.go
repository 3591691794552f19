// Command mockserver runs the mock backend alone: every service, an
// authorization server and an object store, until it is interrupted.
//
// Once it serves, it prints what a client needs to connect: a line a fact, or with
// -json one object that a script can read. Only standard output gets the secrets;
// they are the mock's own and good for nothing else. Run it with -h for its flags.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	_ "google.golang.org/grpc/encoding/gzip" // as real backends, take what clients compress

	"github.com/jetway-go/jetway/mockserver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program the hard way
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

// announce prints how to connect.
func announce(server *mockserver.Server, f *flags, stdout io.Writer) error {
	facts := [][2]string{
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
		facts = append(facts, [2]string{"ca file", f.caFile})
	}
	text, err := lines(facts), error(nil)
	if f.json {
		text, err = object(facts)
	}
	if err == nil {
		_, err = io.WriteString(stdout, text)
	}
	if err != nil {
		return fmt.Errorf("print how to connect: %w", err)
	}
	return nil
}

// lines are for people.
func lines(facts [][2]string) string {
	var b strings.Builder
	for _, fact := range facts {
		fmt.Fprintf(&b, "%-14s %s\n", fact[0], fact[1])
	}
	return b.String()
}

// object is one line of JSON, with keys such as client_id.
func object(facts [][2]string) (string, error) {
	values := make(map[string]string, len(facts))
	for _, fact := range facts {
		values[strings.ReplaceAll(fact[0], " ", "_")] = fact[1]
	}
	text, err := json.Marshal(values)
	return string(text) + "\n", err
}
