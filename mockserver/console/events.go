package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Limits of streams.
const (
	maxStreams  = 12
	pace        = 400 * time.Millisecond // how often a page looks for changes
	redraw      = time.Second            // how often a run under way is drawn
	sayPause    = 10 * time.Second       // between two summaries for screen readers
	heartbeat   = 15 * time.Second
	sendTimeout = 10 * time.Second // for a page that does not read
)

// message is one server-sent event, as JSON in one line.
type message struct {
	// Panel is the part of the page that HTML belongs to.
	Panel string `json:"panel"`
	HTML  string `json:"html,omitempty"`
	// Text is what a panel of plain text shows.
	Text string `json:"text,omitempty"`
	// Skipped is how many requests came that are not shown.
	Skipped uint64 `json:"skipped,omitempty"`
}

// serveEvents streams what changes, until the page or the server closes.
func (c *Console) serveEvents(w http.ResponseWriter, r *http.Request, _ session) {
	if c.streams.Add(1) > maxStreams {
		c.streams.Add(-1)
		http.Error(w, "too many pages are open", http.StatusServiceUnavailable)
		return
	}
	defer c.streams.Add(-1)
	after, _ := strconv.ParseUint(r.URL.Query().Get("after"), 10, 64)
	if last, err := strconv.ParseUint(r.Header.Get("Last-Event-ID"), 10, 64); err == nil {
		after = last // the browser has connected again
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no")
	out := &eventWriter{w: w, control: http.NewResponseController(w)}
	look := newLook(c, selectionOf(r), after)
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		if err := out.send(look.after, look.messages(time.Now())); err != nil {
			return // the page has gone
		}
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			return
		}
	}
}

// eventWriter writes server-sent events.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	last    time.Time
}

// send writes messages, or from time to time a comment that keeps the connection open.
func (e *eventWriter) send(id uint64, messages []message) error {
	if len(messages) == 0 && time.Since(e.last) < heartbeat {
		return nil
	}
	e.last = time.Now()
	if err := e.control.SetWriteDeadline(e.last.Add(sendTimeout)); err != nil {
		return err
	}
	if len(messages) == 0 {
		if _, err := fmt.Fprint(e.w, ": still here\n\n"); err != nil {
			return err
		}
	}
	for _, m := range messages {
		text, err := json.Marshal(m) // one line, whatever is in it
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(e.w, "id: %d\ndata: %s\n\n", id, text); err != nil {
			return err
		}
	}
	return e.control.Flush()
}
