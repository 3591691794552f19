package requestlog

import (
	"context"

	"github.com/jetway-go/jetway/mockserver/requests"
)

// maxUnsent is how many requests a slow watch may lag behind.
const maxUnsent = 1 << 14

// watch is one receiver of requests; guarded by [Log].mu.
type watch struct {
	unsent []requests.Request
	lost   bool
	more   chan struct{} // has a value when there is something to do
}

// notify gives every watch a copy of e. The caller holds l.mu.
func (l *Log) notify(e *entry) {
	for w := range l.watches {
		if w.lost || len(w.unsent) >= maxUnsent {
			w.unsent, w.lost = nil, true
		} else {
			w.unsent = append(w.unsent, e.request())
		}
		w.wake()
	}
}

func (w *watch) wake() {
	select {
	case w.more <- struct{}{}:
	default: // it has not looked yet
	}
}

// watch starts a watch with the requests that are kept and have a greater number.
func (l *Log) start(after uint64) *watch {
	w := &watch{more: make(chan struct{}, 1)}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.ring {
		if r := l.ring[(l.next+i)%len(l.ring)]; r.Number > after {
			w.unsent = append(w.unsent, r.request())
		}
	}
	if l.watches == nil {
		l.watches = map[*watch]struct{}{}
	}
	l.watches[w] = struct{}{}
	w.wake()
	return w
}

func (l *Log) stop(w *watch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.watches, w)
}

func (l *Log) take(w *watch) ([]requests.Request, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := w.unsent
	w.unsent = nil
	return out, w.lost
}

// Watch calls send with each request when it arrives, and again when it is answered; first
// with those that the log has and that have a greater number than after. It returns nil when
// ctx ends or done is closed, the error of send, or [requests.ErrSlow].
func (l *Log) Watch(ctx context.Context, done <-chan struct{}, after uint64, send func(requests.Request) error) error {
	w := l.start(after)
	defer l.stop(w)
	for {
		select {
		case <-w.more:
		case <-ctx.Done():
			return nil
		case <-done:
			return nil
		}
		unsent, lost := l.take(w)
		for _, r := range unsent {
			if err := send(r); err != nil {
				return err
			}
		}
		if lost {
			return requests.ErrSlow
		}
	}
}
