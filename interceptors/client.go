package interceptors

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
)

// client is what a unary and a stream interceptor have in common: to get, attach
// and replace credentials.
type client struct {
	config
	main Source
	key  any // of outgoing metadata in a context; nil when it could not be learnt
	ids  requestIDs

	// prepared is what the last call attached; calls without main credentials
	// have the second place, so that the two kinds do not push each other out.
	prepared         [2]atomic.Pointer[headers]
	longTokenWarning sync.Once
}

func newClient(src Source, opts []Option) *client {
	c := &client{config: newConfig(opts), main: src, key: outgoingKey()}
	if _, ok := c.pairs[requestIDKey]; ok {
		c.requestID = false // every call has one already
	}
	return c
}

// call is what the attempts of one call have in common, and how far they got.
type call struct {
	method string
	id     string      // x-request-id; empty when there is none
	base   metadata.MD // all metadata but credentials; nil when none is the caller's own
	own    metadata.MD // credentials of the call itself; nil when it has none

	// Which sources the call draws on, what they gave for the current attempt,
	// and whether that is the replacement of what was rejected.
	mainNow, proxyNow           *auth.Credentials
	main, proxy                 bool
	mainReplaced, proxyReplaced bool
}

func (c *client) begin(ctx context.Context, method string) call {
	k := call{method: method, own: callCredentials(ctx)}
	k.main = c.main != nil && k.own == nil && !c.open.has(method)
	k.proxy = c.proxy != nil && len(k.own[proxyKey]) == 0
	if c.key == nil || k.own != nil || len(c.dynamic) > 0 || ctx.Value(c.key) != nil {
		c.collect(ctx, &k)
	} else if c.requestID {
		k.id = c.ids.next()
	}
	return k
}

// collect brings the caller's own metadata and ours together.
func (c *client) collect(ctx context.Context, k *call) {
	k.base, _ = metadata.FromOutgoingContext(ctx)
	if k.base == nil {
		k.base = metadata.MD{}
	}
	ours := maps.Clone(c.pairs)
	for _, f := range c.dynamic {
		maps.Copy(ours, lowerKeys(f(ctx)))
	}
	if c.requestID && len(ours[requestIDKey]) == 0 && len(k.base[requestIDKey]) == 0 {
		if k.id == "" {
			k.id = c.ids.next()
		}
		ours[requestIDKey] = []string{k.id}
	}
	for key, values := range ours {
		if len(k.base[key]) == 0 {
			k.base[key] = values
		}
	}
	if id := k.base[requestIDKey]; len(id) > 0 {
		k.id = id[0]
	}
}

// authenticate gets the credentials of the first attempt.
func (c *client) authenticate(ctx context.Context, k *call) (err error) {
	if k.main || k.proxy || len(k.own) > 0 {
		if err := c.guard(); err != nil {
			return err
		}
	}
	if k.main {
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

// outgoing returns ctx with everything that the current attempt carries. The
// context is built in place if one is given.
func (c *client) outgoing(ctx context.Context, k *call, place *headerContext) (context.Context, error) {
	h, err := c.headers(ctx, k.mainNow, k.proxyNow)
	switch {
	case err != nil:
		return nil, k.fail("attach credentials", nil, err)
	case k.base != nil:
		md := maps.Clone(k.base)
		maps.Copy(md, h.credentials)
		maps.Copy(md, k.own)
		return metadata.NewOutgoingContext(ctx, md), nil
	case k.id != "":
		var room [8]string
		pairs := append(append(room[:0], h.pairs...), requestIDKey, k.id)
		return metadata.AppendToOutgoingContext(ctx, pairs...), nil
	case h.out == nil:
		return ctx, nil
	case place == nil:
		return &headerContext{ctx, h}, nil
	}
	place.Context, place.h = ctx, h
	return place, nil
}

func (c *client) headers(ctx context.Context, main, proxy *auth.Credentials) (*headers, error) {
	last := &c.prepared[0]
	if main == nil {
		last = &c.prepared[1]
	}
	if h := last.Load(); h != nil && h.main == main && h.proxy == proxy {
		return h, nil
	}
	h, err := c.prepare(ctx, main, proxy)
	if err == nil {
		last.Store(h)
	}
	return h, err
}

// replace decides about an error of the server. True means that the credentials
// it rejected have been replaced, and the call may be made once more; otherwise
// the error is what the call ends with.
func (c *client) replace(ctx context.Context, k *call, answer error) (bool, error) {
	var src Source
	var now **auth.Credentials
	switch who := rejectionIn(answer); {
	case who == mainRejected && k.main && !k.mainReplaced:
		src, now, k.mainReplaced = c.main, &k.mainNow, true
	case who == proxyRejected && k.proxy && !k.proxyReplaced:
		src, now, k.proxyReplaced = c.proxy, &k.proxyNow, true
	default:
		return false, k.identify(answer)
	}
	stale := *now
	c.logger.DebugContext(ctx, "credentials rejected", "method", k.method, "request_id", k.id,
		"code", status.Code(answer).String(), "credentials", stale.ID())
	fresh, err := src.Refresh(ctx, stale)
	switch {
	case err != nil:
		return false, k.fail("replace credentials", answer, err)
	case fresh == nil || fresh == stale || fresh.AccessToken == "":
		return false, k.identify(answer)
	}
	*now = fresh
	return true, nil
}

func (k *call) fail(op string, answer, err error) error {
	e := &Error{Op: op, Method: k.method, RequestID: k.id, Rejection: answer, Err: err}
	if answer != nil {
		e.words = cut(status.Convert(withoutTokens(answer, k.mainNow, k.proxyNow)).Message())
	}
	return e
}
