package clientset

import (
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/auth"
	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	"github.com/jetway-go/jetway/interceptors"
	"github.com/jetway-go/jetway/internal/endpoint"
	"github.com/jetway-go/jetway/internal/routing"
)

// clusters are the connections to clusters that serve the data of a backend, each a
// ClientSet with the same login. All methods but newClusters' work on nil, which stands
// for no routing.
type clusters struct {
	router *routing.Router

	mu     sync.Mutex // guards everything below
	closed bool
	sets   []*ClientSet
}

// newClusters returns the clusters of the backend that home is connected to. Their calls
// get their token from main and proxy, as those of home do.
func (c *config) newClusters(home *ClientSet, n *network, main interceptors.Source, proxy *auth.Authenticator) *clusters {
	all := &clusters{}
	all.router = routing.New(routing.Config{
		Home:   homeConn{home},
		Select: home.selectCluster,
		Dial: func(e endpoint.Endpoint, plaintext bool) (grpc.ClientConnInterface, error) {
			set, err := all.add(func() (*ClientSet, error) { return c.dialCluster(home, e, n, plaintext, main, proxy) })
			if err != nil {
				return nil, home.fail(opCall, err)
			}
			return set, nil
		},
		Policy: routing.Policy{
			Home:          home.endpoint,
			Aliases:       aliases(home.endpoint, n),
			Plaintext:     home.plaintext,
			BarePlaintext: c.plaintextCredentials || main == nil && proxy == nil,
			Hosts:         c.clusterHosts,
		},
		Repeatable: isRead,
		Org:        c.org,
		Transient:  isTransient,
		Logger:     c.logger,
	})
	return all
}

// aliases are the names that a backend may know itself by, since calls carry them as
// :authority, beside the host of its endpoint.
func aliases(e endpoint.Endpoint, n *network) []string {
	names := []string{n.tls.ServerName}
	switch {
	case e.Host != "":
	case e.Local:
		names = append(names, "localhost") // what gRPC calls every unix socket
	default:
		names = append(names, serviceName(e.Target))
	}
	return names
}

// serviceName returns the host in the target of another resolver, such as
// xds:///flyte.example.com: gRPC calls the service so, wherever its backends are.
func serviceName(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return ""
	}
	name := strings.TrimPrefix(u.Path, "/")
	if host, _, err := net.SplitHostPort(name); err == nil {
		return host
	}
	return name
}

// dialCluster returns a ClientSet for the calls that a cluster serves: with the settings
// of home, except for the name that home's certificate is for, and with its login.
func (c *config) dialCluster(
	home *ClientSet, e endpoint.Endpoint, n *network, plaintext bool, main interceptors.Source, proxy *auth.Authenticator,
) (*ClientSet, error) {
	set := &ClientSet{
		endpoint: e, org: home.org, names: home.names,
		plaintext: plaintext, plaintextAllowed: home.plaintextAllowed, guard: c.guard(e, plaintext),
		auth: home.auth, login: home.login, asks: home.asks, mute: home.mute, otherLogin: home.otherLogin,
		gate: newGate(), closed: make(chan struct{}),
	}
	elsewhere, other := *c, *n
	elsewhere.dial = append(slices.Clone(c.dial), grpc.WithAuthority(""))
	other.tls = n.tls.Clone()
	other.tls.ServerName = ""
	if err := elsewhere.dialGRPC(set, &other, main, c.interceptorOptions(set, proxy)); err != nil {
		return nil, err
	}
	return set, nil
}

// homeConn is the backend's own connection, for unary calls of which the gate knows.
type homeConn struct{ *ClientSet }

func (h homeConn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	return h.invoke(ctx, method, args, reply, opts...)
}

func (h homeConn) NewStream(
	ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	return h.newStream(ctx, desc, method, opts...)
}

// selectCluster asks the backend which cluster serves a resource.
func (c *ClientSet) selectCluster(
	ctx context.Context, req *clusterpb.SelectClusterRequest, opts ...grpc.CallOption,
) (*clusterpb.SelectClusterResponse, error) {
	answer, err := clusterpb.NewClusterServiceClient(homeConn{c}).SelectCluster(ctx, req, opts...)
	if err != nil && !isTransient(err) {
		err = c.fail(opSelect, err)
	}
	return answer, err
}

func (s *clusters) serve(method string) bool { return s != nil && routing.Routes(method) }

// add adds a connection, which close closes.
func (s *clusters) add(dial func() (*ClientSet, error)) (*ClientSet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	set, err := dial()
	if err != nil {
		return nil, err
	}
	s.sets = append(s.sets, set)
	return set, nil
}

func (s *clusters) all() []*ClientSet {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sets)
}

// shutdown waits for the streams under way.
func (s *clusters) shutdown(ctx context.Context) error {
	var errs []error
	for _, set := range s.all() {
		errs = append(errs, set.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

func (s *clusters) close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	var errs []error
	for _, set := range s.all() {
		errs = append(errs, set.Close())
	}
	return errors.Join(errs...)
}
