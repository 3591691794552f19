// Package routing sends each call to the cluster that serves it.
//
// A backend may keep data on other hosts than its own. For calls on that data,
// ClusterService.SelectCluster names the host, by operation and resource. A [Router] asks
// it once for each resource, remembers the answer for minutes, and makes the call on the
// connection to the cluster that was named: one for each address, however many resources
// are there. It asks again when an answer shows that the cluster may have changed. All
// other calls, and those whose cluster may not receive this client's credentials (see
// [Policy]), are made on the backend's own connection.
//
// Call [New], and use the Router as a grpc.ClientConnInterface. [Routes] reports for which
// methods it does more than passing them on.
package routing

import (
	"context"
	"log/slog"
	"sync"

	"google.golang.org/grpc"

	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	"github.com/jetway-go/jetway/internal/clock"
	"github.com/jetway-go/jetway/internal/endpoint"
)

// Config is what a Router needs. All fields but Org are required.
type Config struct {
	// Home is the connection to the backend itself.
	Home grpc.ClientConnInterface
	// Select asks the backend which cluster serves a resource. Its errors are those of
	// the calls that needed the answer.
	Select Select
	// Dial makes the connection to a cluster, at most once for each address. It sends
	// nothing yet.
	Dial func(e endpoint.Endpoint, plaintext bool) (grpc.ClientConnInterface, error)
	// Policy decides which clusters may be called.
	Policy Policy
	// Repeatable reports whether a method changes nothing, so that a call may be made on
	// another cluster after one that ended with Unavailable.
	Repeatable func(method string) bool
	// Org is the organization of resources whose request names none.
	Org string
	// Transient reports whether an error of Select means that the backend cannot be asked
	// now. Then the answer before counts, or without one the backend itself is called.
	Transient func(err error) bool
	// Logger gets a warning for each address that the Policy refuses.
	Logger *slog.Logger
}

// Select is ClusterService.SelectCluster.
type Select func(
	ctx context.Context, req *clusterpb.SelectClusterRequest, opts ...grpc.CallOption,
) (*clusterpb.SelectClusterResponse, error)

// Router is a grpc.ClientConnInterface that chooses a connection for each call. It is
// safe for concurrent use.
type Router struct {
	cfg   Config
	home  route // for which nothing was asked
	conns conns
	clock clock.Clock

	mu       sync.Mutex // guards everything below
	routes   cache
	asking   map[resource]*question
	unserved clock.Reading // until then nothing is asked: the backend has no ClusterService
}

var _ grpc.ClientConnInterface = (*Router)(nil)

// New returns a Router that has asked nothing yet.
func New(cfg Config) *Router {
	return &Router{
		cfg:    cfg,
		home:   route{conn: cfg.Home, home: true},
		conns:  newConns(cfg),
		routes: newCache(maxRoutes),
		asking: map[resource]*question{},
	}
}

// Invoke makes a unary call on the connection of the cluster that serves it. If that
// answers as a cluster does which no longer serves the resource, the backend is asked
// again, and the call is made once more if it names another cluster.
func (r *Router) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	res, ok := resourceOf(ctx, args, r.cfg.Org)
	if !ok || !Routes(method) {
		return r.cfg.Home.Invoke(ctx, method, args, reply, opts...)
	}
	to, err := r.find(ctx, res, opts)
	if err != nil {
		return notMade(opts, err)
	}
	err = to.conn.Invoke(ctx, method, args, reply, opts...)
	if err == nil {
		return nil
	}
	if next := r.instead(ctx, res, to, method, err, opts); next != nil {
		return next.conn.Invoke(ctx, method, args, reply, opts...)
	}
	return err
}

// notMade runs the OnFinish callbacks of a call that is not made because of err, and
// returns err.
func notMade(opts []grpc.CallOption, err error) error {
	for _, o := range opts {
		if on, ok := o.(grpc.OnFinishCallOption); ok {
			on.OnFinish(err)
		}
	}
	return err
}
