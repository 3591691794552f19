package routing

import (
	"cmp"
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
)

const (
	// keepFor is how long an answer is used. Errors of calls show earlier that it is old.
	keepFor = 5 * time.Minute
	// keepUnserved is how long a backend without ClusterService is not asked again.
	keepUnserved = 5 * time.Minute
	// keepUnanswered is how long the route before stays, or the backend's own connection,
	// when the backend cannot be asked.
	keepUnanswered = 10 * time.Second
	// trustFor is how long an answer is not doubted, whatever calls end with: most
	// errors have nothing to do with the cluster.
	trustFor = 5 * time.Second
)

// question is one call of SelectCluster, whose answer all callers use that need it at the
// same time.
type question struct {
	done  chan struct{} // closed when the other fields are set
	route *route
	err   error
}

// find returns the route for a resource: the one that is remembered, or the backend's
// answer. One caller asks, and the others wait until their own context ends; if that one
// gives up, the next one asks.
func (r *Router) find(ctx context.Context, res resource, opts []grpc.CallOption) (*route, error) {
	for {
		known, q, asks := r.look(res)
		switch {
		case q == nil:
			return known, nil
		case asks:
			r.answer(ctx, q, res, known, opts)
			return q.route, q.err
		}
		select {
		case <-q.done:
		case <-ctx.Done():
			_, err := r.ask(ctx, res, known, opts) // says what it had to wait for
			return nil, cmp.Or(err, status.FromContextError(ctx.Err()).Err())
		}
		switch status.Code(q.err) {
		case codes.OK:
			return q.route, nil
		case codes.Canceled, codes.DeadlineExceeded: // of the caller that asked
		case codes.Unauthenticated, codes.PermissionDenied: // that caller may be another user
			return r.ask(ctx, res, known, opts)
		default:
			return nil, q.err
		}
	}
}

// look returns the route that is remembered, or else the question to wait for; asks tells
// the caller to answer that one.
func (r *Router) look(res resource) (known *route, q *question, asks bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock.Read()
	known = r.routes.get(res)
	if known != nil && !known.doubted && !now.Reached(known.until) {
		return known, nil, false
	}
	if !r.unserved.IsZero() && !now.Reached(r.unserved) && passesThrough(res) {
		return &r.home, nil, false
	}
	if q = r.asking[res]; q == nil {
		q, asks = &question{done: make(chan struct{}), err: errPanic}, true
		r.asking[res] = q
	}
	return known, q, asks
}

// errPanic is for callers that wait for one whose interceptors panic.
var errPanic = status.Error(codes.Internal, "the call that asked which cluster serves this panicked")

// answer asks the backend, and ends q.
func (r *Router) answer(ctx context.Context, q *question, res resource, known *route, opts []grpc.CallOption) {
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.asking, res)
		close(q.done)
	}()
	q.route, q.err = r.ask(ctx, res, known, opts)
}

// ask asks the backend for the cluster of a resource, and remembers the answer. known is
// the answer before, nil for none: it stays while the backend cannot be asked. Whatever the
// backend says instead of naming an app's cluster, it may have the app's logs itself.
func (r *Router) ask(ctx context.Context, res resource, known *route, opts []grpc.CallOption) (*route, error) {
	answer, err := r.cfg.Select(ctx, res.question(), credentialsIn(opts)...)
	now := r.clock.Read()
	next := &route{conn: r.cfg.Home, asked: now, until: now.Add(keepFor)}
	switch {
	case err == nil:
		if next.conn, err = r.conns.get(answer.GetClusterEndpoint()); err != nil {
			return nil, err
		}
	case status.Code(err) == codes.Unimplemented && passesThrough(res):
		r.mu.Lock()
		defer r.mu.Unlock()
		r.unserved = now.Add(keepUnserved)
		return &r.home, nil
	case r.cfg.Transient(err), res.app != "" && ctx.Err() == nil:
		next.until = now.Add(keepUnanswered)
		if known != nil {
			next.conn = known.conn
		}
	default:
		return nil, err
	}
	next.home = next.conn == r.cfg.Home
	r.mu.Lock()
	defer r.mu.Unlock()
	r.routes.put(res, next)
	return next, nil
}

// passesThrough reports whether the backend itself serves a resource if it has no
// ClusterService. With inputs of triggers, Unimplemented tells the caller to send them
// with the trigger instead.
func passesThrough(res resource) bool {
	return res.operation != clusterpb.SelectClusterRequest_OPERATION_UPLOAD_TRIGGER
}

// credentialsIn returns those options of a call that say who is calling.
func credentialsIn(opts []grpc.CallOption) []grpc.CallOption {
	var own []grpc.CallOption
	for _, o := range opts {
		if _, ok := o.(grpc.PerRPCCredsCallOption); ok {
			own = append(own, o)
		}
	}
	return own
}
