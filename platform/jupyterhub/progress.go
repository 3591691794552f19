package jupyterhub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"mime"
	"net/http"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
	"github.com/jetway-go/jetway/platform/internal/sse"
)

// Progress is one step of a server that starts.
type Progress struct {
	// Percent is from 0 to 100. 100 does not mean that the server can be used.
	Percent int `json:"progress"`
	// Message is for people, as the spawner wrote it.
	Message string `json:"message"`
	// HTMLMessage is the same for a web page; may be empty. It is HTML of the hub's: do not
	// show it on a page that does not trust the hub.
	HTMLMessage string `json:"html_message"`
	// Ready reports whether the server can be used. It is true for the last step only.
	Ready bool `json:"ready"`
	// Failed reports whether the server did not start. It is true for the last step only,
	// whose error is [ErrSpawnFailed].
	Failed bool `json:"failed"`
	// URL is where the server is, as in [ServerModel.URL], when it is ready.
	URL string `json:"url"`
}

// Progress follows a server that starts (scope read:servers), step by step, until it is
// ready or an error ends the loop. A server that did not start is [ErrSpawnFailed], one
// that was never started [ErrNotFound], and one that is not starting [ErrBadRequest].
//
// If the hub's stream ends without a result, breaks or is silent for 30 seconds, the state
// of the server decides: while it still starts, the stream is opened again, so that steps
// may come twice. There is no time limit but that of ctx.
func (c *Client) Progress(ctx context.Context, user, server string) iter.Seq2[Progress, error] {
	return func(yield func(Progress, error) bool) {
		r := serverOf("follow server", http.MethodGet, user, server, "progress")
		r.accept = acceptEvents
		for again := false; ; again = true {
			over, err := c.follow(ctx, r, yield)
			switch {
			case over:
				return
			case ctx.Err() != nil:
				yield(Progress{}, r.fail(ctx.Err()))
				return
			case err != nil && !(again && isOver(err)):
				yield(Progress{}, err)
				return
			}
			switch last, err := c.outcome(ctx, r, user, server); {
			case err != nil || last.Ready:
				yield(last, err)
				return
			case clock.Sleep(ctx, c.pause) != nil:
				yield(Progress{}, r.fail(ctx.Err()))
				return
			}
		}
	}
}

// isOver reports whether the hub refuses a stream because nothing starts any more.
func isOver(err error) bool { return errors.Is(err, ErrBadRequest) || errors.Is(err, ErrNotFound) }

// outcome returns what became of a server whose stream had no result; neither ready nor an
// error means that it still starts.
func (c *Client) outcome(ctx context.Context, r request, user, server string) (Progress, error) {
	u, err := c.User(ctx, user)
	if err != nil {
		return Progress{}, err
	}
	switch s := u.Servers[server]; {
	case s.Ready:
		return Progress{Percent: 100, Ready: true, URL: s.URL}, nil
	case s.Pending == "spawn":
		return Progress{}, nil
	default:
		return Progress{Percent: 100, Failed: true},
			r.fail(fmt.Errorf("%w: the hub's progress ended without a result, and the server does not run", ErrSpawnFailed))
	}
}

// follow yields the steps of one stream. Over means that the loop has its end. An error is
// that of a stream that was not opened.
func (c *Client) follow(ctx context.Context, r request, yield func(Progress, error) bool) (over bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silent := time.AfterFunc(c.idle, cancel) // only this ends a read from a hub that is gone
	defer silent.Stop()
	resp, err := c.open(ctx, c.stream, r)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != "text/event-stream" {
		return false, r.refused(resp.StatusCode, fmt.Errorf("%w: it is no stream of events", ErrAnswer))
	}
	lines := sse.New(resp.Body, func() { silent.Reset(c.idle) })
	for {
		data, err := lines.Next()
		if err != nil {
			return false, nil // the state of the server decides
		}
		var p Progress
		if json.Unmarshal(data, &p) != nil {
			continue // a step that a spawner wrote wrongly is none
		}
		if p.Failed {
			p.Ready = false
			e := r.refused(0, ErrSpawnFailed)
			e.Message = cleaned(p.Message)
			yield(p, e)
			return true, nil
		}
		silent.Stop() // while the program has the step
		if !yield(p, nil) || p.Ready {
			return true, nil
		}
		silent.Reset(c.idle)
	}
}
