// Package browser opens a web page in a person's own browser. It starts programs
// without a shell, waits for none of them, shows none of their output, and takes
// http and https addresses only.
//
// [Open] does it with the programs of this system; a [Launcher] can be told of
// another one.
package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
)

// Launcher finds a program that opens pages, and starts it. The zero value is the
// system as it is.
type Launcher struct {
	// GOOS is the operating system; empty means this one.
	GOOS string
	// Getenv reads the environment; nil means [os.Getenv].
	Getenv func(string) string
	// WSL says that Windows is around this Linux; nil means [UnderWSL].
	WSL func() bool
	// Start starts a program and returns at once; nil means to do so.
	Start func(ctx context.Context, argv []string) error
}

// Open opens address with the programs of this system.
func Open(ctx context.Context, address string) error { return Launcher{}.Open(ctx, address) }

// Open starts the first program that can be started. Whether a page then shows is
// not known: the address should have been shown before.
func (l Launcher) Open(ctx context.Context, address string) error {
	address, err := Check(address)
	if err != nil {
		return err
	}
	start := l.Start
	if start == nil {
		start = startProgram
	}
	var errs []error
	for _, argv := range l.programs(address) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err = start(ctx, argv); err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	if len(errs) == 0 {
		return errors.New("no program for opening web pages is known here")
	}
	return fmt.Errorf("no program could open the page: %w", errors.Join(errs...))
}

// startProgram starts argv and lets go of it: it may run for as long as the
// person browses.
func startProgram(ctx context.Context, argv []string) error {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), path, argv[1:]...) //nolint:gosec // the person's own browser
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // so that nothing is left of it when it ends
	return nil
}

func (l Launcher) getenv(name string) string {
	if l.Getenv != nil {
		return l.Getenv(name)
	}
	return os.Getenv(name)
}

func (l Launcher) goos() string {
	if l.GOOS != "" {
		return l.GOOS
	}
	return runtime.GOOS
}
