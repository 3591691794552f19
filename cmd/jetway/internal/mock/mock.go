// Package mock is the command jetway mock: the mock backend as a program, for clients in
// any language.
//
// Define the [Flags] on a command, Check them, and call [Run].
package mock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	_ "google.golang.org/grpc/encoding/gzip" // clients may compress their requests, as with real backends

	"github.com/jetway-go/jetway/mockserver"
)

// Run serves until ctx ends. As soon as it serves, it prints to stdout how to connect:
// one fact per line, among them commands and a line of Go to paste, and behind them settings for
// other languages; or one object of JSON or YAML. The ready file has that object too. Secrets
// are in these two places only; no other server accepts them. A nil logger logs nothing.
func Run(ctx context.Context, f *Flags, stdout io.Writer, logger *slog.Logger) error {
	if err := errors.Join(f.loadSeed(), f.clearReady()); err != nil {
		return err
	}
	return f.withState(func(more ...mockserver.Option) error {
		return serve(ctx, f, stdout, logger, append(f.options(), more...))
	})
}

func serve(ctx context.Context, f *Flags, stdout io.Writer, logger *slog.Logger, options []mockserver.Option) error {
	if logger != nil {
		options = append(options, mockserver.WithLogger(logger))
	}
	server, err := mockserver.New(options...)
	if err != nil {
		return err
	}
	if err := prepare(ctx, server, f); err != nil {
		return errors.Join(err, server.Close())
	}
	page, err := openConsole(server, f, stdout)
	if err != nil {
		return errors.Join(err, server.Close())
	}
	if err := announce(server, f, page, stdout); err != nil {
		return errors.Join(err, server.Close())
	}
	<-ctx.Done()
	return errors.Join(f.clearReady(), server.Close())
}

// prepare gives the server what it has from the start.
func prepare(ctx context.Context, server *mockserver.Server, f *Flags) error {
	if f.demo {
		if err := demo(server.Backend()); err != nil {
			return err
		}
	}
	if err := f.applySeed(ctx, server.Backend()); err != nil {
		return err
	}
	server.Script().TokenEndpoint().Slow(f.latency)
	for _, fault := range f.chosen() {
		if err := fault.Start(server); err != nil {
			return fmt.Errorf("--fault %s: %w", fault.Name, err)
		}
	}
	return nil
}
