package command

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/qr"
	"github.com/jetway-go/jetway/cmd/jetway/internal/stdio"
)

// prompter shows a person what to do to log in, on standard error; nil where no person
// may be asked. If it is an io.Closer, Close ends the line of a question without an answer.
func (a *App) prompter(code bool) auth.Prompter {
	if a.IO.NoInput {
		return nil
	}
	var in io.Reader
	if a.IO.InTerminal {
		in = a.IO.In
	}
	p := auth.Terminal(in, a.IO.Err)
	asking := &asking{Prompter: p, io: a.IO, code: code}
	if r, ok := p.(auth.Replier); ok {
		return struct {
			auth.Prompter
			auth.Replier
			io.Closer
		}{asking, r, asking}
	}
	return asking
}

// asking shows the address as a QR code, too, and knows whether a question is open.
type asking struct {
	auth.Prompter

	io   *stdio.Streams
	code bool
	open atomic.Bool
}

// Close ends the line of a question that was not answered.
func (w *asking) Close() error {
	if w.open.Swap(false) {
		fmt.Fprintln(w.io.Err)
	}
	return nil
}

// Prompt shows p, after its QR code.
func (w *asking) Prompt(ctx context.Context, p auth.Prompt) error {
	w.open.Store(p.Pasting)
	w.draw(p)
	return w.Prompter.Prompt(ctx, p)
}

func (w *asking) draw(p auth.Prompt) {
	if !w.code || p.Problem != "" { // the address is on the screen already
		return
	}
	address := cmp.Or(p.CompleteURL, p.URL)
	switch text, err := qr.Draw(address, w.io.Columns); {
	case !w.io.MayDraw():
		w.io.Warnf("no QR code: standard error is no terminal that draws")
	case err != nil:
		w.io.Warnf("no QR code: %v", err)
	default:
		fmt.Fprint(w.io.Err, "\n"+text)
	}
}

// maxSecret is more than any secret that a person pipes in.
const maxSecret = 64 << 10

// piped reads what the flags of jetway login ask for on standard input; on a terminal it would
// show.
func (a *App) piped(what, flags string) (string, error) {
	if a.IO.InTerminal {
		return "", failure.Usage("pipe the %s to standard input, as in: jetway login %s < file", what, flags)
	}
	return a.readSecret(what)
}

// readSecret reads a secret from standard input, whole; it is never an argument, which
// other users of the machine could see.
func (a *App) readSecret(what string) (string, error) {
	text, err := io.ReadAll(io.LimitReader(a.IO.In, maxSecret+1))
	if err != nil {
		return "", fmt.Errorf("read the %s from standard input: %w", what, err)
	}
	secret := strings.TrimSpace(string(text))
	switch {
	case len(text) > maxSecret:
		return "", failure.Usage("standard input has more than %d bytes: want one %s", maxSecret, what)
	case secret == "":
		return "", failure.Usage("standard input is empty: want the %s", what)
	}
	return secret, nil
}

// with returns lookup with one more variable.
func with(lookup func(string) (string, bool), name, value string) func(string) (string, bool) {
	return func(n string) (string, bool) {
		if n == name {
			return value, true
		}
		return lookup(n)
	}
}
