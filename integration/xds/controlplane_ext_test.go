package xds_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	routerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	managerv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	cachev3 "github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	resourcev3 "github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	serverv3 "github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/xds"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const (
	nodeID      = "jetway-test"
	clusterName = "backends"
	routeName   = "routes"
)

// share is one backend and the part of the calls that it is to get.
type share struct {
	address  string // host:port
	weight   uint32
	draining bool
}

// controlPlane is an xDS server that says where the service called name is.
type controlPlane struct {
	name    string
	address string
	cache   cachev3.SnapshotCache

	mu      sync.Mutex
	version int
	acked   map[string]string // version that the client has taken, by type of resource
	changed chan struct{}     // closed and made anew when acked changes
}

func newControlPlane(tb testing.TB, name string, shares ...share) *controlPlane {
	tb.Helper()
	p := &controlPlane{
		name: name, acked: map[string]string{}, changed: make(chan struct{}),
		cache: cachev3.NewSnapshotCache(true, cachev3.IDHash{}, nil),
	}
	p.set(tb, shares...)
	ctx, cancel := context.WithCancel(tb.Context())
	server := grpc.NewServer()
	discoveryv3.RegisterAggregatedDiscoveryServiceServer(server,
		serverv3.NewServer(ctx, p.cache, serverv3.CallbackFuncs{StreamRequestFunc: p.request}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p.address = l.Addr().String()
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(l); err != nil {
			tb.Errorf("the control plane: %v", err)
		}
	})
	tb.Cleanup(func() { cancel(); server.Stop(); serving.Wait() })
	return p
}

// request notes which version of the resources the client has taken.
func (p *controlPlane) request(_ int64, r *discoveryv3.DiscoveryRequest) error {
	if r.GetErrorDetail() != nil {
		return fmt.Errorf("the client refuses %s: %s", r.GetTypeUrl(), r.GetErrorDetail().GetMessage())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acked[r.GetTypeUrl()] = r.GetVersionInfo()
	close(p.changed)
	p.changed = make(chan struct{})
	return nil
}

// taken waits until the client has the latest endpoints.
func (p *controlPlane) taken(tb testing.TB) {
	tb.Helper()
	limit := time.After(patience)
	for {
		p.mu.Lock()
		done, changed := p.acked[resourcev3.EndpointType] == strconv.Itoa(p.version), p.changed
		p.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-limit:
			tb.Fatal("the client did not take the endpoints of the control plane")
		}
	}
}

// set tells clients where the backends are from now on, and how calls are shared.
func (p *controlPlane) set(tb testing.TB, shares ...share) {
	tb.Helper()
	p.mu.Lock()
	p.version++
	version := strconv.Itoa(p.version)
	p.mu.Unlock()
	snapshot, err := cachev3.NewSnapshot(version, map[resourcev3.Type][]types.Resource{
		resourcev3.ListenerType: {p.listener(tb)},
		resourcev3.RouteType:    {p.routes()},
		resourcev3.ClusterType:  {cluster()},
		resourcev3.EndpointType: {endpoints(shares)},
	})
	if err == nil {
		err = p.cache.SetSnapshot(tb.Context(), nodeID, snapshot)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

func (p *controlPlane) listener(tb testing.TB) *listenerv3.Listener {
	tb.Helper()
	manager := packed(tb, &managerv3.HttpConnectionManager{
		RouteSpecifier: &managerv3.HttpConnectionManager_Rds{Rds: &managerv3.Rds{
			RouteConfigName: routeName, ConfigSource: aggregated(),
		}},
		HttpFilters: []*managerv3.HttpFilter{{
			Name: "router", ConfigType: &managerv3.HttpFilter_TypedConfig{TypedConfig: packed(tb, &routerv3.Router{})},
		}},
	})
	return &listenerv3.Listener{Name: p.name, ApiListener: &listenerv3.ApiListener{ApiListener: manager}}
}

func (p *controlPlane) routes() *routev3.RouteConfiguration {
	return &routev3.RouteConfiguration{Name: routeName, VirtualHosts: []*routev3.VirtualHost{{
		Name: "all", Domains: []string{p.name},
		Routes: []*routev3.Route{{
			Match:  &routev3.RouteMatch{PathSpecifier: &routev3.RouteMatch_Prefix{}},
			Action: &routev3.Route_Route{Route: &routev3.RouteAction{ClusterSpecifier: &routev3.RouteAction_Cluster{Cluster: clusterName}}},
		}},
	}}}
}

func cluster() *clusterv3.Cluster {
	return &clusterv3.Cluster{
		Name: clusterName, LbPolicy: clusterv3.Cluster_ROUND_ROBIN,
		ClusterDiscoveryType: &clusterv3.Cluster_Type{Type: clusterv3.Cluster_EDS},
		EdsClusterConfig:     &clusterv3.Cluster_EdsClusterConfig{EdsConfig: aggregated()},
	}
}

// endpoints puts each backend into a locality of its own: gRPC weighs localities.
func endpoints(shares []share) *endpointv3.ClusterLoadAssignment {
	all := &endpointv3.ClusterLoadAssignment{ClusterName: clusterName}
	for i, s := range shares {
		health := corev3.HealthStatus_HEALTHY
		if s.draining {
			health = corev3.HealthStatus_DRAINING
		}
		at := netip.MustParseAddrPort(s.address)
		all.Endpoints = append(all.Endpoints, &endpointv3.LocalityLbEndpoints{
			Locality:            &corev3.Locality{Zone: fmt.Sprintf("zone-%d", i)},
			LoadBalancingWeight: wrapperspb.UInt32(s.weight),
			LbEndpoints: []*endpointv3.LbEndpoint{{
				HealthStatus: health,
				HostIdentifier: &endpointv3.LbEndpoint_Endpoint{Endpoint: &endpointv3.Endpoint{Address: &corev3.Address{
					Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
						Address: at.Addr().String(), PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: uint32(at.Port())},
					}},
				}}},
			}},
		})
	}
	return all
}

func aggregated() *corev3.ConfigSource {
	return &corev3.ConfigSource{
		ResourceApiVersion:    corev3.ApiVersion_V3,
		ConfigSourceSpecifier: &corev3.ConfigSource_Ads{Ads: &corev3.AggregatedConfigSource{}},
	}
}

func packed(tb testing.TB, m proto.Message) *anypb.Any {
	tb.Helper()
	inside, err := anypb.New(m)
	if err != nil {
		tb.Fatal(err)
	}
	return inside
}

// bootstrap is what a program has in GRPC_XDS_BOOTSTRAP_CONFIG.
func (p *controlPlane) bootstrap(tb testing.TB) []byte {
	tb.Helper()
	text, err := json.Marshal(map[string]any{
		"node": map[string]any{"id": nodeID},
		"xds_servers": []any{map[string]any{
			"server_uri":      p.address,
			"channel_creds":   []any{map[string]any{"type": "insecure"}},
			"server_features": []any{"xds_v3"},
		}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// resolver is gRPC's own for xds:///, of this control plane alone: the one that a program
// registers by importing the package reads the environment once for a whole process.
func (p *controlPlane) resolver(tb testing.TB) resolver.Builder {
	tb.Helper()
	r, err := xds.NewXDSResolverWithConfigForTesting(p.bootstrap(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return r
}
