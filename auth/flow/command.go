package flow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/fault"
)

const (
	nameCommand         = "command"
	commandLimit        = 60 * time.Second
	personalLimit       = 5 * time.Minute
	maxCommandOutput    = 64 << 10
	maxCommandStderr    = 128 << 10 // holds a whole token beside the part that is shown
	shownStderr         = 400
	waitForOutputHolder = time.Second
)

// Command logs in by running a program that prints a token, as kubectl's
// credential plugins do. No shell is involved.
//
// The program prints to its standard output, at most 64 KiB, one of: the token
// alone, in double quotes or without; a JSON object with access_token (or token,
// accessToken) and optionally expires_in, expiry (or expires_at, expires_on) and
// token_type; kubectl's ExecCredential. Without an expiry the exp claim of a JWT is
// used.
//
// The login is never stored in a file. Errors are [*Error] and name the program,
// never its arguments; the end of what it wrote to standard error is in them.
type Command struct {
	// Argv is the program and its arguments; the program is looked up in PATH.
	Argv []string
	// Env is added to the environment of this process, as "NAME=value".
	Env []string
	// Dir is the working directory; empty means that of this process.
	Dir string
	// Timeout ends the program, and on Unix all that it has started; zero means 60
	// seconds, or 5 minutes if a person is asked.
	Timeout time.Duration
	// HeaderKey is the metadata key for the token; empty means "authorization".
	HeaderKey string
	// Interactive programs ask a person: they run only inside a call that was
	// rejected, or in Login. They are not put into a process group of their own,
	// so that they can read from the terminal; a Timeout then ends the program only.
	Interactive bool
	// Stdin is what the program reads; nil means nothing.
	Stdin io.Reader
	// Stderr receives what the program writes to standard error, as it arrives; nil
	// means that only errors show it. A writer that is too slow loses a part of it.
	Stderr io.Writer
}

var (
	_ auth.TraitedFlow = Command{}
	_ auth.Renewer     = Command{}
)

var (
	errCommandTime   = errors.New("time limit")
	errCommandOutput = errors.New("too much output")
)

// Obtain runs the program.
func (f Command) Obtain(ctx context.Context, _ auth.Env, _ *auth.Credentials) (*auth.Credentials, error) {
	if len(f.Argv) == 0 || f.Argv[0] == "" {
		return nil, failed(nameCommand, errors.New("no program: name in Argv the one that prints the token"))
	}
	out, err := f.run(ctx)
	if err != nil {
		return nil, failed(nameCommand, fmt.Errorf("%s %w", fault.Foreign(f.Argv[0], 200), err))
	}
	c, err := parseCommandOutput(out, time.Now())
	if err != nil {
		return nil, failed(nameCommand, fmt.Errorf("output of %s: %w", fault.Foreign(f.Argv[0], 200), err))
	}
	c.HeaderKey = f.HeaderKey
	return c, nil
}

// Renew runs the program again, unless it asks a person.
func (f Command) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	if f.Interactive {
		return nil, failed(nameCommand, fmt.Errorf("%w: the program asks a person", auth.ErrInteractionRequired))
	}
	return f.Obtain(ctx, env, prev)
}

// Traits returns the time limit, and that the login is not stored in files.
func (f Command) Traits() auth.Traits {
	return auth.Traits{
		Name:        nameCommand,
		Interactive: f.Interactive,
		Timeout:     f.limit() + 2*waitForOutputHolder, // the program's own limit comes first and says more
	}
}

func (f Command) limit() time.Duration {
	switch {
	case f.Timeout > 0:
		return f.Timeout
	case f.Interactive:
		return personalLimit
	default:
		return commandLimit
	}
}

// String returns the name of the program; arguments and environment may hold secrets.
func (f Command) String() string {
	if len(f.Argv) == 0 {
		return "command (none)"
	}
	return "command " + fault.Foreign(f.Argv[0], 200)
}

// GoString is String, so that %#v shows no secret either.
func (f Command) GoString() string { return f.String() }

// Format is String for every verb.
func (f Command) Format(s fmt.State, _ rune) { _, _ = fmt.Fprint(s, f.String()) }

// MarshalText returns String, for slog and encoding/json.
func (f Command) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// run returns the program's output, or an error that continues "name …".
func (f Command) run(caller context.Context) ([]byte, error) {
	limited, cancel := context.WithTimeoutCause(caller, f.limit(), errCommandTime)
	defer cancel()
	ctx, stop := context.WithCancelCause(limited)
	defer stop(nil)

	stdout := &headBuffer{max: maxCommandOutput, full: func() { stop(errCommandOutput) }}
	stderr := &tailBuffer{max: maxCommandStderr, also: newRelay(f.Stderr)}
	cmd := exec.CommandContext(ctx, f.Argv[0], f.Argv[1:]...) //nolint:gosec // running the given program is the purpose
	cmd.Dir = f.Dir
	cmd.Env = append(cmd.Environ(), f.Env...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = waitForOutputHolder
	kill := groupKiller(cmd, !f.Interactive)
	cmd.Cancel = kill

	err := runFed(cmd, f.Stdin)
	if err != nil && cmd.Process != nil {
		_ = kill() // a process that still holds the output has outlived the program
	}
	stderr.also.close(waitForOutputHolder)
	exit := (*exec.ExitError)(nil)
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errCommandOutput):
		return nil, fmt.Errorf("printed more than %d KiB, which is no token, and was stopped", maxCommandOutput>>10)
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return stdout.buf.Bytes(), nil
	case caller.Err() != nil:
		return nil, fmt.Errorf("was stopped: %w", caller.Err())
	case errors.Is(cause, errCommandTime):
		return nil, fmt.Errorf("did not finish within %v and was stopped%s", f.limit(), f.said(stdout, stderr))
	case errors.As(err, &exit):
		return nil, fmt.Errorf("failed: %v%s", exit.ProcessState, f.said(stdout, stderr))
	default:
		if _, missing := os.Stat(f.Dir); f.Dir != "" && missing != nil {
			err = missing // or it would look as if the program did not exist
		}
		return nil, fmt.Errorf("could not run: %w", err)
	}
}
