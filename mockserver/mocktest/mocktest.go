// Package mocktest starts a mock server for a test.
//
// Call [New]; the server logs to the test and is closed when the test ends.
//
//	server := mocktest.New(t, mockserver.WithProject("demo"))
//	cs, err := clientset.ForAPIKey(server.APIKey())
//
// In memory, as inside a testing/synctest bubble, the client needs one option for the
// gRPC services and one for the HTTP side:
//
//	server := mocktest.New(t, mockserver.WithInMemory())
//	cs, err := clientset.ForAPIKey(server.APIKey(), clientset.WithInsecure(),
//		clientset.WithDialOptions(server.DialOption()), clientset.WithHTTPClient(server.HTTPClient()))
//
// A [Browser] logs in on pages as a user does.
package mocktest

import (
	"log/slog"
	"testing"

	"github.com/jetway-go/jetway/mockserver"
)

// New starts a server and closes it when the test ends. It logs to the test's output
// unless an option sets another logger, and fails the test if it cannot start. Inside a
// testing/synctest bubble use mockserver.WithInMemory.
func New(tb testing.TB, opts ...mockserver.Option) *mockserver.Server {
	tb.Helper()
	logger := slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	server, err := mockserver.New(append([]mockserver.Option{mockserver.WithLogger(logger)}, opts...)...)
	if err != nil {
		tb.Fatalf("start the mock server: %v", err)
	}
	tb.Cleanup(func() {
		if err := server.Close(); err != nil {
			tb.Errorf("close the mock server: %v", err)
		}
	})
	return server
}
