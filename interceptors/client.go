package interceptors

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/fault"
)

// client gets, attaches and replaces credentials, for unary and stream interceptors
// alike.
type client struct {
	config
	main Source

	// prepared is what the last call attached. Calls without main credentials use
	// the second place, so that the two kinds do not replace each other's.
	prepared         [2]atomic.Pointer[headers]
	longTokenWarning sync.Once
	ids              requestIDs
}

func newClient(src Source, opts []Option) *client {
	return &client{config: newConfig(opts), main: src}
}

// call is the state that the attempts of one call share.
type call struct {
	method string
	id     string      // x-request-id; empty when there is none
	pairs  metadata.MD // attached, except keys that the caller has set
	own    metadata.MD // credentials of the call itself; nil when it has none

	perCall *perCall // nil unless the caller's options have credentials too

	// Which sources the call uses, the credentials they returned for the current
	// attempt, and whether those replaced rejected ones.
	mainNow, proxyNow           *auth.Credentials
	main, proxy                 bool
	mainReplaced, proxyReplaced bool
	repeated                    bool  // with the credentials that were rejected
	fromStore                   uint8 // replacements that were only found in a store

	newID, givenID bool // id was made here; it is in the call's own metadata
}

// maxFromStore is how many replacements that were only found in a store leave a call another
// one.
const maxFromStore = 2

func (c *client) begin(ctx context.Context, method string) call {
	k := call{method: method, pairs: c.pairs, own: callCredentials(ctx)}
	k.main = c.main != nil && k.own == nil && !c.open.has(method)
	k.proxy = c.proxy != nil && len(k.own[proxyKey]) == 0
	if len(c.dynamic) > 0 {
		k.pairs = maps.Clone(c.pairs)
		for _, f := range c.dynamic {
			maps.Copy(k.pairs, lowerKeys(f(ctx)))
		}
	}
	id := metadata.ValueFromOutgoingContext(ctx, requestIDKey)
	if k.givenID = len(id) > 0; !k.givenID {
		id = k.pairs[requestIDKey]
	}
	switch {
	case len(id) > 0:
		k.id = id[0]
	case c.requestID:
		k.id, k.newID = c.ids.next(), true
	}
	return k
}

// authenticate gets the credentials of the first attempt.
func (c *client) authenticate(ctx context.Context, k *call) (err error) {
	if k.main || k.proxy || len(k.own) > 0 {
		if err := c.guard(); err != nil {
			return err
		}
	}
	if k.main && k.perCall == nil {
		if k.mainNow, err = c.main.Credentials(ctx); err != nil {
			return k.fail("get credentials", nil, err)
		}
	}
	if k.proxy {
		if k.proxyNow, err = c.proxy.Credentials(ctx); err != nil {
			return k.fail("get proxy credentials", nil, err)
		}
	}
	return nil
}

// outgoing returns ctx with all metadata of the current attempt, and the prepared one: that
// as it is, or what is added to the call's own. Only a call whose own metadata has the
// header of the credentials, which must be replaced, has all of it copied.
func (c *client) outgoing(ctx context.Context, k *call) (context.Context, *headers, error) {
	main := k.mainNow
	if k.perCall != nil {
		main = nil // which perCall attaches
	}
	h, err := c.headers(main, k.proxyNow)
	switch {
	case err != nil:
		return nil, nil, k.fail("attach credentials", nil, err)
	case k.own != nil || k.perCall != nil || len(c.dynamic) > 0 || h.replaces(ctx):
		md, _ := metadata.FromOutgoingContext(ctx) // a copy; nil when there is none
		return metadata.NewOutgoingContext(ctx, c.merge(k, md, h.credentials)), h, nil
	case k.newID, k.givenID:
		out := h.add(ctx, k)
		return out, h, nil
	case len(h.all) == 0:
		return ctx, h, nil
	}
	if md, _ := metadata.FromOutgoingContext(ctx); md != nil {
		return metadata.NewOutgoingContext(ctx, c.merge(k, md, h.credentials)), h, nil
	}
	return metadata.NewOutgoingContext(ctx, h.all), h, nil
}

// merge adds request metadata to md, the caller's own, for keys that the caller has
// not set, and replaces credentials that it has set.
func (c *client) merge(k *call, md, credentials metadata.MD) metadata.MD {
	if md == nil {
		md = metadata.MD{}
	}
	for key, values := range k.pairs {
		if len(md[key]) == 0 {
			md[key] = values
		}
	}
	if k.perCall != nil {
		delete(md, c.mainKey())
	}
	maps.Copy(md, credentials)
	maps.Copy(md, k.own)
	if k.id != "" && len(md[requestIDKey]) == 0 {
		md[requestIDKey] = []string{k.id}
	}
	return md
}

func (c *client) headers(main, proxy *auth.Credentials) (*headers, error) {
	last := &c.prepared[0]
	if main == nil {
		last = &c.prepared[1]
	}
	if h := last.Load(); h != nil && h.main == main && h.proxy == proxy {
		return h, nil
	}
	h, err := c.prepare(main, proxy)
	if err == nil {
		last.Store(h)
	}
	return h, err
}

// replace handles an error of the server. It returns true if it has replaced the
// credentials that the server rejected, or if their Source doubts the rejection, so that
// the call can be made once more; otherwise the call fails with the error that it returns.
func (c *client) replace(ctx context.Context, k *call, answer error) (bool, error) {
	var src Source
	var now **auth.Credentials
	switch who := rejectionIn(answer); {
	case who == mainRejected && k.main && !k.mainReplaced:
		src, now, k.mainReplaced = c.main, &k.mainNow, true
	case who == proxyRejected && k.proxy && !k.proxyReplaced:
		src, now, k.proxyReplaced = c.proxy, &k.proxyNow, true
	default:
		if who == mainRejected && k.mainReplaced {
			refused(c.main, k.mainNow)
		} else if who == proxyRejected && k.proxyReplaced {
			refused(c.proxy, k.proxyNow)
		}
		return false, k.identify(answer)
	}
	if p := k.perCall; p != nil && src == c.main {
		if p.own.Load() {
			return false, k.identify(answer)
		}
		k.mainNow = p.now.Load()
	}
	stale := *now
	c.logger.DebugContext(ctx, "credentials rejected", "method", k.method, "request_id", k.id,
		"code", status.Code(answer).String(), "credentials", stale.ID())
	if src == c.main && !k.repeated && doubted(ctx, src, stale) {
		k.repeated, k.mainReplaced = true, false
		return true, nil
	}
	fresh, err := src.Refresh(ctx, stale)
	switch {
	case err != nil:
		return false, k.fail("replace credentials", answer, err)
	case fresh == nil || fresh == stale || fresh.AccessToken == "":
		return false, k.identify(answer)
	}
	*now = fresh
	if k.perCall != nil {
		k.perCall.now.Store(k.mainNow)
	}
	if src == c.main && fresh.FromStore() && k.fromStore < maxFromStore {
		k.fromStore++
		k.mainReplaced = false // another program may have put it there long ago
	}
	return true, nil
}

// mainKey is the header of the main source, as far as it is known.
func (c *client) mainKey() string {
	if h := c.prepared[0].Load(); h != nil {
		if key, _ := h.main.Header(); key != "" {
			return key
		}
	}
	return mainKey
}

func (k *call) fail(op string, answer, err error) error {
	e := &Error{Op: op, Method: k.method, RequestID: k.id, Rejection: answer, Err: err}
	if answer != nil {
		e.words = fault.Foreign(status.Convert(withoutTokens(answer, k.mainNow, k.proxyNow)).Message(), fault.MaxForeign)
	}
	return e
}
