package clientset_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/resolver"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

const (
	selectCluster = clusterpb.ClusterService_SelectCluster_FullMethodName
	getActionData = dataproxypb.DataProxyService_GetActionData_FullMethodName

	controlPlane = "cp.example.com"
	dataPlane    = "dp.example.com"
)

// planes are a control plane and data planes on hosts of made-up names, over TLS and in
// memory.
type planes struct {
	control *mockserver.Server
	data    map[string]*mockserver.Server // by host
	seen    secrettest.Sink               // what the client logs

	mu     sync.Mutex // guards everything below
	names  string     // what SelectCluster answers
	also   string     // another name of the control plane
	dialed map[string]int
}

// newPlanes returns a control plane that names the address of a cluster for everything.
func newPlanes(t *testing.T, names string, hosts ...string) *planes {
	t.Helper()
	p := &planes{data: map[string]*mockserver.Server{}, names: names, dialed: map[string]int{}}
	p.control = quiet(t, mockserver.WithInMemory(), mockserver.WithTLSNames(controlPlane))
	p.control.Backend().SetClusters(func(context.Context, *clusterpb.SelectClusterRequest) (*clusterpb.SelectClusterResponse, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return &clusterpb.SelectClusterResponse{ClusterEndpoint: p.names}, nil
	})
	for _, host := range hosts {
		p.data[host] = quiet(t, mockserver.WithInMemory(), mockserver.WithTLSNames(host), mockserver.WithControlPlane(p.control))
	}
	return p
}

func (p *planes) name(address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.names = address
}

func (p *planes) dials(host string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dialed[host]
}

func (p *planes) dial(ctx context.Context, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.dialed[host]++
	own := host == controlPlane || host == p.also
	p.mu.Unlock()
	switch data := p.data[host]; {
	case own:
		return p.control.DialContext(ctx, address)
	case data != nil:
		return data.DialContext(ctx, address)
	default:
		return nil, fmt.Errorf("no server at %s", address)
	}
}

// logins are the ways to log in at the control plane.
func logins() map[string]func(p *planes, opts ...clientset.Option) (*clientset.ClientSet, error) {
	return map[string]func(p *planes, opts ...clientset.Option) (*clientset.ClientSet, error){
		"API key": func(p *planes, opts ...clientset.Option) (*clientset.ClientSet, error) {
			key := controlPlane + ":" + p.control.ClientID() + ":" + p.control.ClientSecret() + ":"
			return clientset.ForAPIKey(base64.StdEncoding.EncodeToString([]byte(key)), append(p.options(), opts...)...)
		},
		"person": func(p *planes, opts ...clientset.Option) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint(controlPlane, append(append(p.options(), opts...),
				clientset.WithFlow(flow.DeviceCode{}), clientset.WithPrompter(device{mocktest.NewBrowser(p.control)}))...)
		},
	}
}

func (p *planes) options() []clientset.Option {
	opts := []clientset.Option{
		clientset.WithResolvers(unchanged{}), clientset.WithDialOptions(grpc.WithContextDialer(p.dial)),
		clientset.WithHTTPClient(p.control.HTTPClient()), clientset.WithoutStore(), clientset.WithLogger(p.seen.Logger()),
	}
	for _, data := range p.data {
		opts = append(opts, clientset.WithCAPEM(data.CACertPEM()))
	}
	return opts
}

// with returns a client with further options.
func (p *planes) with(t *testing.T, opts ...clientset.Option) *clientset.ClientSet {
	t.Helper()
	return made(t)(clientset.ForEndpoint(controlPlane, append(append(p.options(), clientset.WithFlow(machineFlow(p.control))), opts...)...))
}

// loggedIn is cs with a token, so that no call is rejected for the lack of one.
func loggedIn(t *testing.T, cs *clientset.ClientSet) *clientset.ClientSet {
	t.Helper()
	if err := cs.Login(soon(t)); err != nil {
		t.Fatal(err)
	}
	return cs
}

func machineFlow(s *mockserver.Server) auth.Flow {
	return flow.ClientCredentials{ClientID: s.ClientID(), Secret: secretOf(s)}
}

// alias is another name of the control plane.
func (p *planes) alias(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.also = host
}

// unchanged is a resolver of names that leaves them to the dialer.
type unchanged struct{}

func (unchanged) Scheme() string { return "dns" }

func (unchanged) Build(target resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	return unchanged{}, cc.UpdateState(resolver.State{Addresses: []resolver.Address{{Addr: target.Endpoint()}}})
}

func (unchanged) ResolveNow(resolver.ResolveNowOptions) {}
func (unchanged) Close()                                {}

// device is a person who confirms each login at the address that is shown.
type device struct{ browser *mocktest.Browser }

func (d device) Prompt(ctx context.Context, p auth.Prompt) error {
	if p.Code != "" {
		d.browser.UserCode = p.Code
		_, err := d.browser.Visit(ctx, p.URL)
		return err
	}
	return nil
}

// readAction reads the data of an action that no plane has: NotFound, if the call arrives.
func readAction(ctx context.Context, cs *clientset.ClientSet, action string) error {
	_, err := cs.DataProxy().GetActionData(ctx, &dataproxypb.GetActionDataRequest{ActionId: &commonpb.ActionIdentifier{
		Run: &commonpb.RunIdentifier{Project: project, Domain: "development", Name: "run"}, Name: action,
	}})
	return err
}

// tokensIssued counts the tokens that were issued.
func tokensIssued(s *mockserver.Server) (n int) {
	for _, r := range s.Requests() {
		if r.Endpoint == oauth.EndpointToken && r.HTTPStatus == http.StatusOK {
			n++
		}
	}
	return n
}
