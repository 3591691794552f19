package redisstore

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/jetway-go/jetway/internal/clock"
)

// hub has the one connection for notifications of a Store, which begins at the first need. It
// wakes those who listen to a group at each message, and once its channel is subscribed,
// again after every loss of the connection.
type hub struct {
	store *Store

	mu         sync.Mutex
	started    bool
	subscribed map[string]bool                   // Redis has confirmed it
	listeners  map[string]map[chan struct{}]bool // by group; full channels are woken already
	sub        *redis.PubSub
	changes    chan struct{} // to subscribe or unsubscribe
	awaited    map[string]place
}

// silence is how long the connection may be quiet before it is asked for a sign of life, and
// how long that may take.
const silence = 5 * time.Second

// listen returns a channel that receives after each notification for the group of p.
func (h *hub) listen(p place) (woken <-chan struct{}, leave func()) {
	wake := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.start()
	if h.listeners[p.group] == nil {
		h.listeners[p.group] = map[chan struct{}]bool{}
	}
	h.listeners[p.group][wake] = true
	h.change()
	return wake, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.listeners[p.group], wake)
		if len(h.listeners[p.group]) == 0 {
			delete(h.listeners, p.group)
			h.change()
		}
	}
}

// hears reports whether notifications for the group of p arrive already.
func (h *hub) hears(p place) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.subscribed[p.group] && len(h.listeners[p.group]) > 0
}

// await makes the hub look after p once Redis can be reached.
func (h *hub) await(p place) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.start() {
		h.awaited[p.group] = p
		h.change()
	}
}

// start starts the goroutines, and reports whether they run; mu is held.
func (h *hub) start() bool {
	if h.started {
		return true
	}
	h.started = h.store.life.start(h.receive) && h.store.life.start(h.subscribe) && h.store.life.start(h.poll)
	return h.started
}

func newHub(s *Store) *hub {
	return &hub{
		store: s, listeners: map[string]map[chan struct{}]bool{}, awaited: map[string]place{}, subscribed: map[string]bool{},
		changes: make(chan struct{}, 1),
	}
}

// change asks for subscriptions to be looked at; mu is held.
func (h *hub) change() {
	select {
	case h.changes <- struct{}{}:
	default:
	}
}

// wanted returns the channels to subscribe to; mu is held.
func (h *hub) wanted() map[string]bool {
	all := map[string]bool{}
	for group := range h.listeners {
		all[group] = true
	}
	for group := range h.awaited {
		all[group] = true
	}
	return all
}

// subscribe keeps the subscriptions of the present connection as they are wanted.
func (h *hub) subscribe(ctx context.Context) {
	var of *redis.PubSub
	have := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.changes:
		}
		h.mu.Lock()
		sub, want := h.sub, h.wanted()
		h.mu.Unlock()
		if sub == nil {
			continue // receive subscribes to all when it has one
		}
		if sub != of {
			of, have = sub, map[string]bool{}
		}
		var more, less []string
		for group := range want {
			if !have[group] {
				more = append(more, group)
			}
		}
		for group := range have {
			if !want[group] {
				less = append(less, group)
			}
		}
		have = maps.Clone(want)
		change := func() (err error) { // receive sees the connection fail
			if len(more) > 0 {
				err = sub.Subscribe(ctx, more...)
			}
			if len(less) > 0 {
				err = errors.Join(err, sub.Unsubscribe(ctx, less...))
			}
			return err
		}
		finish(ctx, func() { _ = guarded(change) }, nil)
	}
}

// The time between two tries to open the connection doubles up to the longest one, as long as
// Redis gives no notifications: it may be overloaded, or refuse them for good.
const (
	firstPause   = 250 * time.Millisecond
	longestPause = 5 * time.Second
)

// receive reads notifications, and opens the connection again when it was lost.
func (h *hub) receive(ctx context.Context) {
	pause, told := firstPause, false
	for ctx.Err() == nil {
		sub := h.store.client.Subscribe(ctx)
		h.mu.Lock()
		h.sub, h.subscribed = sub, map[string]bool{}
		h.change()
		h.mu.Unlock()
		var heard bool
		var err error
		read := func() (err error) {
			heard, err = h.read(ctx, sub)
			return err
		}
		if !finish(ctx, func() { err = guarded(read) }, func() { _ = sub.Close() }) {
			return
		}
		_ = sub.Close()
		switch {
		case heard:
			pause, told = firstPause, false
		case !told && pause > firstPause && ctx.Err() == nil: // a single loss is no news
			told = true
			h.store.opts.log.WarnContext(ctx, "Redis gives no notifications; changes of logins are seen at the next look",
				slog.Any("error", h.store.unreachable(ctx, err, silence)))
		}
		_ = clock.Sleep(ctx, pause+jitter(pause))
		pause = min(2*pause, longestPause)
	}
}

// read returns when the connection was lost, and reports whether anything was received.
func (h *hub) read(ctx context.Context, sub *redis.PubSub) (heard bool, err error) {
	asked := false
	for ctx.Err() == nil {
		message, err := sub.ReceiveTimeout(ctx, silence)
		var slow net.Error
		switch {
		case err == nil:
			asked, heard = false, true
			h.received(message)
		case errors.As(err, &slow) && slow.Timeout() && !asked:
			asked = true
			if err := sub.Ping(ctx); err != nil {
				return heard, err
			}
		default:
			return heard, err
		}
	}
	return heard, ctx.Err()
}

func (h *hub) received(message any) {
	switch m := message.(type) {
	case *redis.Subscription:
		h.mu.Lock()
		h.subscribed[m.Channel] = m.Kind == "subscribe"
		h.mu.Unlock()
		if m.Kind == "subscribe" {
			h.restore(m.Channel)
			h.wake(m.Channel)
		}
	case *redis.Message:
		h.wake(m.Channel)
	}
}

// owes reports whether Redis still lacks something of a group that it did not take.
func (h *hub) owes(group string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.awaited[group].group != ""
}

// settled notes that Redis has all of a group.
func (h *hub) settled(group string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.awaited[group].group != "" {
		delete(h.awaited, group)
		h.change()
	}
}

func (h *hub) wake(group string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for wake := range h.listeners[group] {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// groups returns the groups that are listened to, sorted.
func (h *hub) groups() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(maps.Keys(h.listeners))
}
