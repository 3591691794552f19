package clientset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/jetway-go/jetway/internal/advice"
	"github.com/jetway-go/jetway/internal/endpoint"
	"github.com/jetway-go/jetway/internal/peer"
)

// parse reads the endpoint, with the schemes of the program's own resolvers.
func (c *config) parse(text string) (endpoint.Endpoint, error) {
	schemes := make([]string, 0, len(c.resolvers))
	for _, r := range c.resolvers {
		schemes = append(schemes, r.Scheme())
	}
	return endpoint.Parse(text, schemes...)
}

// plaintext decides between TLS and none: an option first, then the endpoint's
// scheme, then TLS.
func (c *config) plaintext(e endpoint.Endpoint) (bool, error) {
	switch {
	case c.insecure && e.Security == endpoint.TLS:
		return false, fmt.Errorf("the endpoint says https://, %s says no TLS; drop one of them", cmp.Or(c.names.Insecure, "WithInsecure"))
	case c.insecure:
		return true, nil
	case e.Security != endpoint.Plaintext:
		return false, nil
	case len(c.tls.given) == 0:
		return true, nil
	case e.Host == "": // a unix socket, where plaintext is only the default
		return false, nil
	default:
		return false, fmt.Errorf("the endpoint says http://, which is without TLS, and %s is about TLS; write https://, "+
			"or add WithInsecure if TLS is for the authorization server only", strings.Join(c.tls.given, ", "))
	}
}

// options are gRPC's, without the interceptors. The program's own come after our
// defaults, which they may change, and before what must not be changed by
// accident.
func (c *config) options(
	e endpoint.Endpoint, n *network, plaintext bool, seen *handshakes,
) (target string, opts []grpc.DialOption, err error) {
	opts = append(opts,
		grpc.WithUserAgent(n.agent),
		grpc.WithDefaultServiceConfig(c.serviceConfig()),
		grpc.WithConnectParams(reconnecting()),
	)
	switch scheme, _, _ := strings.Cut(e.Target, ":"); scheme {
	case "dns":
		opts = append(opts, grpc.WithDisableServiceConfig()) // a TXT record would replace ours, and be asked for
	case "unix", "unix-abstract", "passthrough":
	default: // a resolver that may bring a service config of its own, without the limit in ours
		opts = append(opts, grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(c.maxReceive)))
	}
	if len(c.resolvers) > 0 {
		opts = append(opts, grpc.WithResolvers(c.resolvers...))
	}
	target, through, err := n.route(e, plaintext)
	if err != nil {
		return "", nil, err
	}
	opts = append(opts, through...)
	opts = append(opts, c.dial...)

	transport := insecure.NewCredentials()
	if !plaintext {
		transport = seen.watch(credentials.NewTLS(n.tls))
	}
	return target, append(opts, grpc.WithTransportCredentials(transport)), nil
}

// serviceConfig sets the limit for responses and the balancing. As a call option
// the limit would cost every call an allocation.
func (c *config) serviceConfig() string {
	balancer := "pick_first"
	if c.roundRobin {
		balancer = "round_robin"
	}
	return fmt.Sprintf(`{"loadBalancingConfig":[{%q:{}}],"methodConfig":[{"name":[{}],"maxResponseMessageBytes":%d}]}`,
		balancer, c.maxReceive)
}

// route returns the target to dial and how. Through a proxy it is the proxy that
// resolves the name: this machine may not be able to.
func (n *network) route(e endpoint.Endpoint, plaintext bool) (string, []grpc.DialOption, error) {
	switch {
	case strings.HasPrefix(e.Target, "unix"):
		return e.Target, []grpc.DialOption{grpc.WithNoProxy()}, nil
	case e.Local: // never through another machine, whatever the environment says
		return e.Target, dialing(n.dialTCP), nil
	case e.Host == "": // a resolver of the program's: which addresses it returns is not known yet
		return e.Target, dialing(n.dialAny(plaintext)), nil
	}
	proxy, err := n.proxyFor(e.Authority(), plaintext)
	switch {
	case err != nil:
		return "", nil, err
	case proxy == nil:
		return e.Target, dialing(n.dialTCP), nil
	}
	target := e.Target
	if strings.HasPrefix(target, "dns:") {
		target = "passthrough:///" + e.Authority()
	}
	return target, dialing(n.through(proxy).Dial), nil
}

func dialing(dial func(context.Context, string) (net.Conn, error)) []grpc.DialOption {
	return []grpc.DialOption{grpc.WithNoProxy(), grpc.WithContextDialer(dial)}
}

func (n *network) dialTCP(ctx context.Context, address string) (net.Conn, error) {
	return n.dialer.DialContext(ctx, "tcp", address)
}

// dialAny decides for each address whether it is reached through a proxy.
func (n *network) dialAny(plaintext bool) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, address string) (net.Conn, error) {
		if path, ok := strings.CutPrefix(address, "unix:"); ok {
			return n.dialer.DialContext(ctx, "unix", strings.TrimPrefix(path, "//"))
		}
		if strings.HasPrefix(address, "\x00") { // an abstract socket
			return n.dialer.DialContext(ctx, "unix", address)
		}
		proxy, err := n.proxyFor(address, plaintext)
		switch {
		case err != nil:
			return nil, err
		case proxy == nil:
			return n.dialTCP(ctx, address)
		}
		return n.through(proxy).Dial(ctx, address)
	}
}

func (n *network) through(proxy *url.URL) *peer.Tunnel {
	return &peer.Tunnel{Proxy: proxy, TLS: n.tls, Dialer: n.dialer, Agent: n.agent}
}

// proxyFor returns the proxy for an address, nil for none.
func (n *network) proxyFor(address string, plaintext bool) (*url.URL, error) {
	scheme := "https"
	if plaintext {
		scheme = "http"
	}
	proxy, err := n.proxy(&http.Request{
		Method: http.MethodConnect, URL: &url.URL{Scheme: scheme, Host: address}, Header: http.Header{},
	})
	switch {
	case err != nil: // the cause may show a password
		return nil, errors.New("the proxy for the endpoint cannot be determined; check the proxy settings" +
			advice.In(cmp.Or(n.from, proxyVariable(plaintext))))
	case proxy != nil && !peer.IsProxyScheme(proxy.Scheme):
		return nil, fmt.Errorf("a proxy with scheme %q is not supported for the connection, only http, https and socks5 are", proxy.Scheme)
	}
	return proxy, nil
}

// proxyInUse says for errors which proxy the connection goes through, and what names
// it; nil for none.
func (n *network) proxyInUse(e endpoint.Endpoint, plaintext bool) *advice.Proxy {
	if e.Local || e.Host == "" {
		return nil
	}
	proxy, err := n.proxyFor(e.Authority(), plaintext)
	if err != nil || proxy == nil {
		return nil
	}
	return &advice.Proxy{Scheme: proxy.Scheme, Address: peer.ProxyAddress(proxy), From: cmp.Or(n.from, proxyVariable(plaintext))}
}
