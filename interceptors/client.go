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

	// prepared is what the last call attached; calls without main credentials
	// have the second place, so that the two kinds do not push each other out.
	prepared         [2]atomic.Pointer[headers]
	longTokenWarning sync.Once
}

func newClient(src Source, opts []Option) *client {
	return &client{config: newConfig(opts), main: src}
}

// call is what the attempts of one call have in common, and how far they got.
type call struct {
	method string
	id     string      // x-request-id; empty when there is none
	pairs  metadata.MD // what it carries unless the caller has set it
	own    metadata.MD // credentials of the call itself; nil when it has none

	// Which sources the call draws on, what they gave for the current attempt,
	// and whether that is the replacement of what was rejected.
	mainNow, proxyNow           *auth.Credentials
	main, proxy                 bool
	mainReplaced, proxyReplaced bool
}

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
	if len(id) == 0 {
		id = k.pairs[requestIDKey]
	}
	switch {
	case len(id) > 0:
		k.id = id[0]
	case c.requestID:
		k.id = newRequestID()
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

// outgoing returns ctx with everything that the current attempt carries: what
// was prepared, as it is, or a copy where the call has more of its own.
func (c *client) outgoing(ctx context.Context, k *call) (context.Context, error) {
	h, err := c.headers(k.mainNow, k.proxyNow)
	if err != nil {
		return nil, k.fail("attach credentials", nil, err)
	}
	md, _ := metadata.FromOutgoingContext(ctx) // a copy; nil when there is none
	switch {
	case md != nil || k.own != nil || len(c.dynamic) > 0:
		md = k.merge(md, h.credentials)
	case k.id != "":
		md = maps.Clone(h.all)
	case len(h.all) == 0:
		return ctx, nil
	default:
		md = h.all
	}
	if k.id != "" && len(md[requestIDKey]) == 0 {
		md[requestIDKey] = []string{k.id}
	}
	return metadata.NewOutgoingContext(ctx, md), nil
}

// merge adds to md, the caller's own metadata, what of ours is missing, and puts
// credentials in place of what is there.
func (k *call) merge(md, credentials metadata.MD) metadata.MD {
	if md == nil {
		md = metadata.MD{}
	}
	for key, values := range k.pairs {
		if len(md[key]) == 0 {
			md[key] = values
		}
	}
	maps.Copy(md, credentials)
	maps.Copy(md, k.own)
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
