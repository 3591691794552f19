package tokenstore

import (
	"context"
	"fmt"
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
	if w.first(about) {
		orDiscard(log).WarnContext(ctx, text, args...)
	}
}

// info logs text, unless it logged the same before.
func (w *warnings) info(ctx context.Context, log *slog.Logger, text string, args ...any) {
	if w.first(fmt.Sprint(text, args)) {
		orDiscard(log).InfoContext(ctx, text, args...)
	}
}

// first reports whether it is called for the first time about the same.
func (w *warnings) first(about string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.given == nil {
		w.given = map[string]bool{}
	}
	again := w.given[about]
	w.given[about] = true
	return !again
}

func orDiscard(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}
