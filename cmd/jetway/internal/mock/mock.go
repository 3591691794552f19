// Package mock is the command jetway mock: the mock backend as a program, for clients in
// any language.
//
// Define the [Flags] on a command, Check them, and call [Run].
package mock

import (
	"context"
	"errors"
	"io"
	"log/slog"

	_ "google.golang.org/grpc/encoding/gzip" // clients may compress their requests, as with real backends

	"github.com/jetway-go/jetway/mockserver"
)

// Run serves until ctx ends. As soon as it serves, it prints to stdout how to connect:
// one fact per line, among them commands and last a line of Go to paste; or one object of
// JSON or YAML. It prints secrets there only; no other server accepts them. A nil logger
// logs nothing.
func Run(ctx context.Context, f *Flags, stdout io.Writer, logger *slog.Logger) error {
	options := f.options()
	if logger != nil {
		options = append(options, mockserver.WithLogger(logger))
	}
	server, err := mockserver.New(options...)
	if err != nil {
		return err
	}
	server.Script().TokenEndpoint().Slow(f.latency)
	if f.demo {
		if err := demo(server.Backend()); err != nil {
			return errors.Join(err, server.Close())
		}
	}
	page, err := openConsole(server, f, stdout)
	if err != nil {
		return errors.Join(err, server.Close())
	}
	if err := announce(server, f, page, stdout); err != nil {
		return errors.Join(err, server.Close())
	}
	<-ctx.Done()
	return server.Close()
}
