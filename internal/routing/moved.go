package routing

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// instead returns the route for a call that a cluster answered with err, if the backend
// now names another cluster and the call may be made again; nil otherwise.
func (r *Router) instead(
	ctx context.Context, res resource, was *route, method string, err error, opts []grpc.CallOption,
) *route {
	code := status.Code(err)
	if !mayHaveMoved(code, was.home) || was.asked.IsZero() || !r.clock.Read().Reached(was.asked.Add(trustFor)) {
		return nil
	}
	r.doubt(res, was)
	if ctx.Err() != nil || slices.ContainsFunc(opts, isOnFinish) || !refused(code) && !r.cfg.Repeatable(method) {
		return nil // the next call asks
	}
	next, err := r.find(ctx, res, opts)
	if err != nil || next.conn == was.conn {
		return nil
	}
	return next
}

// doubt has the next call ask again.
func (r *Router) doubt(res resource, was *route) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.routes.get(res) == was {
		old := *was
		old.doubted = true
		r.routes.put(res, &old)
	}
}

// mayHaveMoved reports whether calls end with code when their cluster no longer serves
// the resource, or is gone. The backend itself is not gone if it can be asked.
func mayHaveMoved(code codes.Code, home bool) bool {
	switch code {
	case codes.NotFound, codes.Unimplemented:
		return true
	case codes.FailedPrecondition, codes.Unavailable, codes.DeadlineExceeded:
		return !home
	default:
		return false
	}
}

// refused reports whether a call that ended with code has changed nothing.
func refused(code codes.Code) bool {
	return code == codes.NotFound || code == codes.Unimplemented || code == codes.FailedPrecondition
}

// isOnFinish is for calls that promise to run a callback once, and so must not be made
// twice.
func isOnFinish(o grpc.CallOption) bool {
	_, ok := o.(grpc.OnFinishCallOption)
	return ok
}
