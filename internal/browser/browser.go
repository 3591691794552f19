// Package browser opens a web page in the user's browser. It starts programs without a
// shell, does not wait for them, shows none of their output, and accepts only http and
// https addresses.
//
// Call [Open], which uses the programs of this system; tests set another system in a
// [Launcher].
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
	// LookPath finds a program; nil means [exec.LookPath].
	LookPath func(file string) (string, error)
	// WSL says that Windows is around this Linux; nil means [UnderWSL].
	WSL func() bool
	// Start starts a program and returns at once; nil means to do so.
	Start func(ctx context.Context, argv []string) error
}

// Open opens address with the programs of this system.
func Open(ctx context.Context, address string) error { return Launcher{}.Open(ctx, address) }

// Open starts the first program that can be started. It cannot find out whether a page
// opens, so callers show the address as well.
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

// startProgram starts argv and does not wait: it may run for as long as the user keeps
// the browser open.
func startProgram(ctx context.Context, argv []string) error {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), path, argv[1:]...) //nolint:gosec // the user's own browser
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // so that it does not become a zombie process
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
