package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/clock"
)

const (
	// keyringDeadline is what one operation may take, all its calls together.
	keyringDeadline = 3 * time.Second
	// keyringPause is how long a keyring that failed is not called.
	keyringPause = 5 * time.Minute
	// maxHanging is how many calls may be without an answer before the keyring is not
	// called until one returns: each of them may have a window on the screen.
	maxHanging = 3
)

// theKeyring is the one package-level variable of this package. A program has one
// keyring for all its stores: an outage that one store meets holds for all, and only
// together can they make one call at a time.
var theKeyring = &systemKeyring{items: libraryItems{}, host: thisHost(runtime.GOOS)} //nolint:gochecknoglobals // see above

// systemKeyring is the keyring of the operating system behind a gate: one operation
// at a time, 3 seconds for each, and none for a while after the keyring did not
// answer or answered that it cannot serve.
type systemKeyring struct {
	items keyringItems
	host  *keyringHost
	clock clock.Clock
	turn  turn

	mu      sync.Mutex
	outage  *outage // the latest, unless the keyring has answered since
	running int     // calls without an answer so far
}

// outage is the error of every operation while the keyring is not called.
type outage struct {
	cause error
	until clock.Reading // zero: for good
	told  *atomic.Bool  // whether there is a warning of it; shared by outages in a row
}

func (o *outage) Error() string { return o.cause.Error() }

func (o *outage) Unwrap() error { return o.cause }

// isNews reports whether to log a warning of err: one for each outage of the keyring, in
// one log, since the outage is the same for all stores of the program.
func isNews(err error) bool {
	o, ok := errors.AsType[*outage](err)
	return !ok || o.told.CompareAndSwap(false, true)
}

// do runs f in its turn, with keyringDeadline for all of it. A caller that leaves early
// does not interrupt f: a half-written login could not be read.
func (g *systemKeyring) do(ctx context.Context, op string, k auth.Key, f func(ctx context.Context) error) error {
	if err := g.inTurn(ctx, f); err != nil {
		return &auth.Error{Op: op, Endpoint: k.Endpoint, Err: err}
	}
	return nil
}

func (g *systemKeyring) inTurn(ctx context.Context, f func(ctx context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := g.turn.take(ctx); err != nil {
		return err
	}
	if err := g.refusal(); err != nil {
		g.turn.give()
		return err
	}
	done := make(chan error, 1)
	go func() {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), keyringDeadline)
		defer cancel()
		err := f(limited)
		g.turn.give()
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// refusal returns why the keyring is not called, nil if it may be.
func (g *systemKeyring) refusal() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if o := g.outage; o != nil && (!g.clock.Read().Reached(o.until) || g.running >= maxHanging) {
		return o
	}
	if !g.host.reachable() {
		err := fmt.Errorf("%w: there is no D-Bus session bus (DBUS_SESSION_BUS_ADDRESS is not set)", ErrKeyringUnavailable)
		g.outage = &outage{cause: err, told: new(atomic.Bool)}
		return g.outage
	}
	return nil
}

// call makes one call within an operation. The library takes no context: a call that
// blocks is not waited for.
func (g *systemKeyring) call(ctx context.Context, value string, f func(items keyringItems) error) error {
	if err := g.refusal(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return g.note(errLate)
	}
	g.count(1)
	done := make(chan error, 1)
	go func() {
		err := withoutPanic(f, g.items)
		g.count(-1)
		done <- err
	}()
	select {
	case err := <-done:
		return g.note(classify(err, value))
	case <-ctx.Done():
		return g.note(errLate)
	}
}

func (g *systemKeyring) count(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running += n
}

// note updates the outage with the result err of a call, and returns err, or the outage
// that it begins.
func (g *systemKeyring) note(err error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !errors.Is(err, ErrKeyringTimeout) && !errors.Is(err, ErrKeyringUnavailable) {
		g.outage = nil // it has answered
		return err
	}
	o := &outage{cause: err, until: g.clock.Read().Add(keyringPause), told: new(atomic.Bool)}
	if g.outage != nil {
		o.told = g.outage.told
	}
	g.outage = o
	return o
}

var errLate = fmt.Errorf("%w (%v); it may be waiting for a person to unlock it", ErrKeyringTimeout, keyringDeadline)

// withoutPanic runs f: the library trusts what it reads from the bus.
func withoutPanic(f func(items keyringItems) error, items keyringItems) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: it sent an answer that cannot be understood", ErrKeyringUnavailable)
		}
	}()
	return f(items)
}
