package command

import (
	"sync"

	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/live"
	"github.com/jetway-go/jetway/follow"
)

// waiting tells a person what is waited for, and why nothing comes. It is safe for
// concurrent use.
type waiting struct {
	app  *App
	stop func() // takes it off the terminal

	mu      sync.Mutex
	text    string
	stopped bool
}

// waitFor begins to tell what is waited for; call stop at the end.
func (a *App) waitFor(what string) *waiting {
	w := &waiting{app: a, text: what}
	erase := live.Spinner(a.IO, func() string {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.text
	})
	w.stop = func() {
		erase()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.stopped = true
	}
	return w
}

// now changes what is waited for.
func (w *waiting) now(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = what
}

// notice says that something failed and is tried again: in the place of what is waited
// for, or else on a line of its own.
func (w *waiting) notice(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.text = again(err); w.stopped || !w.app.IO.MayDraw() {
		w.app.IO.Notef("%s", w.text)
	}
}

// opts are how a list is read: after two calls that failed, each of which the client set
// has repeated, the server is down.
func (w *waiting) opts() []follow.Option {
	return []follow.Option{follow.WithMaxFailures(2), follow.WithNotice(w.notice)}
}

func again(err error) string { return "trying again: " + failure.Of(err).Message }
