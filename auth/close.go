package auth

import (
	"context"
	"time"
)

// Close ends a login under way. Callers that wait for it get [ErrClosed], and so do
// later calls. The stored login is not deleted. The error is always nil, and calling
// Close again does nothing.
//
// It waits, for three seconds at most, for a refresh under way: its answer may hold a
// rotated refresh token, without which a person would have to log in again. It tries once
// more to store a login that could not be stored, within the same time.
func (a *Authenticator) Close() error {
	a.close()
	a.renewal.report.moment(context.Background(), Closing) //nolint:forbidigo // of no call
	return nil
}

// close ends the flight under way, and waits for a refresh in it, for extraTime at
// most.
func (fs *flights) close() {
	fs.mu.Lock()
	if !isClosed(fs.closed) {
		if fs.flight == nil && fs.mustStore() {
			fs.launch(fs.current.Load(), storeOnly, nil)
		}
		close(fs.closed)
		fs.current.Load().advance(closed)
	}
	f, kept, stop := fs.flight, fs.takeLock(), fs.unwatch()
	fs.mu.Unlock()
	quietly(kept.release)
	stop()
	if f == nil {
		return
	}
	f.cancel()
	if f.critical.Load() {
		limit := time.NewTimer(extraTime)
		defer limit.Stop()
		select {
		case <-f.done:
		case <-limit.C:
		}
	}
}

func (fs *flights) busy() bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.flight != nil
}
