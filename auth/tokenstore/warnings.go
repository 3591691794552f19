package tokenstore

import (
	"context"
	"log/slog"
	"sync"
)

// warnings logs each warning once: it is for states that last and would be found again at
// every read.
type warnings struct {
	mu    sync.Mutex
	given map[string]bool
}

// once logs a warning, unless there was one about the same before.
func (w *warnings) once(ctx context.Context, log *slog.Logger, about, text string, args ...any) {
	w.mu.Lock()
	if w.given == nil {
		w.given = map[string]bool{}
	}
	again := w.given[about]
	w.given[about] = true
	w.mu.Unlock()
	if !again {
		orDiscard(log).WarnContext(ctx, text, args...)
	}
}

func orDiscard(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}
