package mockserver

import (
	"context"
	"errors"
)

// maxUnsent is how many requests a slow watch may lag behind.
const maxUnsent = 1 << 14

// ErrSlowWatch is the error of a watch whose receiver took requests so slowly that the
// server did not keep all of them.
var ErrSlowWatch = errors.New("the requests were received too slowly and some are lost; watch again with the number of the latest")

// requestWatch is one receiver of requests; guarded by requestLog.mu.
type requestWatch struct {
	unsent []Request
	lost   bool
	more   chan struct{} // has a value when there is something to do
}

// notify gives every watch a copy of r. The caller holds l.mu.
func (l *requestLog) notify(r *loggedRequest) {
	for w := range l.watches {
		if w.lost || len(w.unsent) >= maxUnsent {
			w.unsent, w.lost = nil, true
		} else {
			w.unsent = append(w.unsent, r.request())
		}
		w.wake()
	}
}

func (w *requestWatch) wake() {
	select {
	case w.more <- struct{}{}:
	default: // it has not looked yet
	}
}

// watch starts a watch with the requests that are kept and have a greater number.
func (l *requestLog) watch(after uint64) *requestWatch {
	w := &requestWatch{more: make(chan struct{}, 1)}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.ring {
		if r := l.ring[(l.next+i)%len(l.ring)]; r.Number > after {
			w.unsent = append(w.unsent, r.request())
		}
	}
	if l.watches == nil {
		l.watches = map[*requestWatch]struct{}{}
	}
	l.watches[w] = struct{}{}
	w.wake()
	return w
}

func (l *requestLog) unwatch(w *requestWatch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.watches, w)
}

func (l *requestLog) take(w *requestWatch) ([]Request, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := w.unsent
	w.unsent = nil
	return out, w.lost
}

// WatchRequests calls send with each request when it arrives, and again when it is answered;
// first with those that [Server.Requests] returns, if their Number is greater than after. It
// returns nil when ctx ends or the server closes, the error of send, or [ErrSlowWatch]. The
// maps and slices of requests are shared: do not change them.
func (s *Server) WatchRequests(ctx context.Context, after uint64, send func(Request) error) error {
	w := s.log.watch(after)
	defer s.log.unwatch(w)
	for {
		select {
		case <-w.more:
		case <-ctx.Done():
			return nil
		case <-s.done:
			return nil
		}
		requests, lost := s.log.take(w)
		for _, r := range requests {
			if err := send(r); err != nil {
				return err
			}
		}
		if lost {
			return &Error{Op: "watch requests", Err: ErrSlowWatch}
		}
	}
}
