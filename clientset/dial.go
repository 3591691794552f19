package clientset

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/jetway-go/jetway/internal/endpoint"
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
	agent := "jetway/" + Version
	if c.userAgent != "" {
		agent = c.userAgent + " " + agent
	}
	opts = append(opts,
		grpc.WithUserAgent(agent),
		grpc.WithDefaultServiceConfig(c.serviceConfig()),
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
	case e.Local: // never through another machine, whatever the environment says
		return e.Target, []grpc.DialOption{grpc.WithNoProxy()}, nil
	case n.proxy == nil:
		return e.Target, nil, nil
	}
	proxy, err := n.proxy(connectRequest(e, plaintext))
	switch {
	case err != nil:
		return "", nil, errors.New("the proxy for the endpoint cannot be determined; check the proxy settings") // the cause may show a password
	case proxy == nil:
		return e.Target, []grpc.DialOption{grpc.WithNoProxy()}, nil
	case proxy.Scheme != "http" && proxy.Scheme != "https":
		return "", nil, fmt.Errorf("a proxy with scheme %q is not supported for the connection, only http and https are", proxy.Scheme)
	}
	target := e.Target
	if strings.HasPrefix(target, "dns:") {
		target = "passthrough:///" + e.Authority()
	}
	t := &tunnel{proxy: proxy, tls: n.tls}
	return target, []grpc.DialOption{grpc.WithNoProxy(), grpc.WithContextDialer(t.dial)}, nil
}

// connectRequest is the request to a proxy that decides which proxy it is.
func connectRequest(e endpoint.Endpoint, plaintext bool) *http.Request {
	scheme := "https"
	if plaintext {
		scheme = "http"
	}
	return &http.Request{Method: http.MethodConnect, URL: &url.URL{Scheme: scheme, Host: e.Authority()}, Header: http.Header{}}
}

// proxyInUse says for errors which proxy the connection goes through, and what names
// it; nil for none.
func (c *config) proxyInUse(e endpoint.Endpoint, n *network, plaintext bool) *proxyInUse {
	find, from := n.proxy, "the http.Client"
	switch {
	case e.Local || e.Host == "":
		return nil
	case c.proxyURL != "":
		from = cmp.Or(c.proxyName, "WithProxyURL")
	case find == nil && len(c.dial) > 0: // which may hold a dialer, and then gRPC uses no proxy
		return nil
	case find == nil: // as gRPC reads the environment
		find, from, plaintext = http.ProxyFromEnvironment, "HTTPS_PROXY", false
	}
	proxy, err := find(connectRequest(e, plaintext))
	if err != nil || proxy == nil {
		return nil
	}
	return &proxyInUse{address: (&tunnel{proxy: proxy}).address(), from: from}
}
