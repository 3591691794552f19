package nublado

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"mime"
	"net/http"
	"slices"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
	"github.com/jetway-go/jetway/platform/internal/sse"
)

// maxLog is how many messages of a spawn an error has, the last ones.
const maxLog = 100

// Progress is one step of a lab that starts.
type Progress struct {
	// Percent is from 0 to 100. 100 does not mean that the lab can be used.
	Percent int
	// Message is for people, as the hub wrote it.
	Message string
	// Ready reports whether the lab can be used. It is true for the last step only.
	Ready bool
}

// Progress follows a lab that starts, step by step, until it is ready or an error ends the
// loop: [ErrSpawn] if it did not start, with what the hub said in [APIError.Log];
// [ErrLabNotRunning] if none is starting.
//
// If the hub's stream ends without a result, breaks or is silent for 30 seconds, the hub is
// asked for the lab: while it still starts, the stream is opened again, so that steps may
// come twice. There is no time limit but that of ctx.
func (c *Client) Progress(ctx context.Context) iter.Seq2[Progress, error] {
	return func(yield func(Progress, error) bool) {
		const op = "follow the spawn of the lab"
		v, err := c.hub(ctx, op)
		if err != nil {
			yield(Progress{}, err)
			return
		}
		s := &spawn{client: c, visit: v, yield: yield}
		s.request = request{
			op: op, method: http.MethodGet, accept: acceptEvents, referer: true,
			url: c.where.hub("api", "users", c.where.user, "server", "progress"),
		}
		for !s.follow(ctx) && !s.outcome(ctx) {
			if err := clock.Sleep(ctx, c.pause); err != nil {
				s.fail(ErrNoAnswer, err)
				return
			}
		}
	}
}

// spawn is one loop over the steps.
type spawn struct {
	client  *Client
	visit   *visit
	request request
	yield   func(Progress, error) bool
	log     []string
	opened  bool // the stream was there once
}

// fail ends the loop with an error.
func (s *spawn) fail(kind, err error) bool {
	e := s.client.fail(s.visit, s.request, kind, err)
	e.Log = slices.Clone(s.log)
	if len(s.log) > 0 {
		e.Message = s.log[len(s.log)-1]
	}
	s.yield(Progress{}, e)
	return true
}

// note keeps what the hub said.
func (s *spawn) note(message string) {
	s.log = append(s.log, s.visit.known.text(message))
	if len(s.log) > maxLog {
		s.log = slices.Delete(s.log, 0, 1)
	}
}

// follow yields the steps of one stream. Over means that the loop has its end.
func (s *spawn) follow(ctx context.Context) (over bool) {
	c := s.client
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	silent := time.AfterFunc(c.idle, cancel) // only this ends a read from a hub that is gone
	defer silent.Stop()
	resp, err := c.open(within, s.visit, s.visit.stream, s.request)
	switch {
	case err != nil && within.Err() != nil && ctx.Err() == nil:
		return false // silent
	case err != nil:
		return s.unopened(err)
	}
	defer resp.Body.Close()
	s.opened = true
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != "text/event-stream" {
		s.yield(Progress{}, c.odd(s.visit, s.request, resp, errors.New("it is no stream of events")))
		return true
	}
	events := sse.New(resp.Body, func() { silent.Reset(c.idle) })
	for {
		data, err := events.Next()
		if err != nil {
			return false // what became of the lab decides
		}
		silent.Stop() // while the program has the step
		if s.step(data) {
			return true
		}
		silent.Reset(c.idle)
	}
}

// unopened decides about a stream that was not opened. One that was there before, and is
// not there now because nothing starts any more, is no error yet.
func (s *spawn) unopened(err error) (over bool) {
	own, ok := errors.AsType[*APIError](err)
	if none := ok && (errors.Is(own.Kind, ErrNotFound) || own.Status == http.StatusBadRequest); none {
		if s.opened {
			return false
		}
		own.Kind = ErrLabNotRunning
	}
	if ok {
		own.Log = slices.Clone(s.log)
	}
	s.yield(Progress{}, err)
	return true
}

// step yields one event. An event without progress or message is none.
func (s *spawn) step(data []byte) (over bool) {
	var e struct {
		Progress *float64 `json:"progress"`
		Message  *string  `json:"message"`
		Ready    bool     `json:"ready"`
		Failed   bool     `json:"failed"`
	}
	if json.Unmarshal(data, &e) != nil || e.Progress == nil || e.Message == nil {
		return false
	}
	s.note(*e.Message)
	if e.Failed {
		return s.fail(ErrSpawn, nil)
	}
	percent := int(min(max(*e.Progress, 0), 100))
	return !s.yield(Progress{percent, s.log[len(s.log)-1], e.Ready}, nil) || e.Ready
}

// outcome asks what became of a lab whose stream had no result. Over is false while it
// still starts.
func (s *spawn) outcome(ctx context.Context) (over bool) {
	if ctx.Err() != nil {
		return s.fail(ErrNoAnswer, ctx.Err())
	}
	lab, err := s.client.model(ctx, s.visit, s.request.op)
	switch {
	case err != nil:
		s.yield(Progress{}, err)
		return true
	case !lab.stopped() && lab.Ready:
		s.yield(Progress{Percent: 100, Message: "Server ready", Ready: true}, nil)
		return true
	case !lab.stopped() && lab.Pending == "spawn":
		return false
	default:
		return s.fail(ErrSpawn, errors.New("the hub's progress ended without a result, and the lab does not run"))
	}
}

// WaitForSpawn returns when the lab that starts is ready. See [Client.Progress] for its
// errors.
func (c *Client) WaitForSpawn(ctx context.Context) error {
	for _, err := range c.Progress(ctx) {
		if err != nil {
			return err
		}
	}
	return nil
}
