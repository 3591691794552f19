package auth

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"

	"github.com/jetway-go/jetway/internal/fault"
)

// errNoAnswer is the error of callers whose flight ended without a result.
var errNoAnswer = errors.New("the flow or the store ended its goroutine (runtime.Goexit)")

// panicError says that code which the program gave to this package panicked.
type panicError struct {
	who  string // "the store *main.database"
	kind string // of the value; see fault.Panic
}

func (e *panicError) Error() string {
	return e.who + " panicked (" + e.kind + "); the debug log has its stack"
}

// recovered is deferred around code that the program gave to this package, and makes
// err of a panic in it. It does not see runtime.Goexit.
func recovered(ctx context.Context, log *slog.Logger, who string, err *error) { //nolint:gocritic // a deferred function changes the result
	value := recover()
	if value == nil {
		return
	}
	failure := &panicError{who: who, kind: fault.Panic(value)}
	log.DebugContext(ctx, "a panic ended a login", slog.String("in", who), slog.String("stack", string(debug.Stack())))
	*err = failure
}

// quietly calls f, code of the program whose panic no caller could be told of.
func quietly(f func()) {
	defer func() { _ = recover() }()
	f()
}
