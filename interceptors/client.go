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

	// Which sources the call uses, the credentials they returned for the current
	// attempt, and whether those replaced rejected ones.
	mainNow, proxyNow           *auth.Credentials
	main, proxy                 bool
	mainReplaced, proxyReplaced bool
	adopted                     uint8 // replacements that were only found in a store
}

// maxAdopted is how many replacements that were only found in a store leave a call another
// one.
const maxAdopted = 2

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

// outgoing returns ctx with all metadata of the current attempt, and the prepared one: the prepared one as
// it is, or a copy if the call has more of its own.
func (c *client) outgoing(ctx context.Context, k *call) (context.Context, *headers, error) {
	h, err := c.headers(k.mainNow, k.proxyNow)
	if err != nil {
		return nil, nil, k.fail("attach credentials", nil, err)
	}
	md, _ := metadata.FromOutgoingContext(ctx) // a copy; nil when there is none
	switch {
	case md != nil || k.own != nil || len(c.dynamic) > 0:
		md = k.merge(md, h.credentials)
	case k.id != "":
		md = maps.Clone(h.all)
	case len(h.all) == 0:
		return ctx, h, nil
	default:
		md = h.all
	}
	if k.id != "" && len(md[requestIDKey]) == 0 {
		md[requestIDKey] = []string{k.id}
	}
	return metadata.NewOutgoingContext(ctx, md), h, nil
}

// merge adds request metadata to md, the caller's own, for keys that the caller has
// not set, and replaces credentials that it has set.
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

// replace handles an error of the server. It returns true if it has replaced the
// credentials that the server rejected, so that the call can be made once more;
// otherwise the call fails with the error that it returns.
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
	if src == c.main && fresh.Adopted() && k.adopted < maxAdopted {
		k.adopted++
		k.mainReplaced = false // another program may have put it there long ago
	}
	return true, nil
}

func (k *call) fail(op string, answer, err error) error {
	e := &Error{Op: op, Method: k.method, RequestID: k.id, Rejection: answer, Err: err}
	if answer != nil {
		e.words = fault.Foreign(status.Convert(withoutTokens(answer, k.mainNow, k.proxyNow)).Message(), fault.MaxForeign)
	}
	return e
}
