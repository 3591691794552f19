package doctor

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/jetway-go/jetway/internal/peer"
)

// backend is host:port of the backend.
func (x *examination) backend() string { return net.JoinHostPort(x.setup.Host, x.setup.Port) }

// first is host:port of what the connection is made to: the backend, or the proxy.
func (x *examination) first() string {
	if x.setup.Proxy != nil {
		return peer.ProxyAddress(x.setup.Proxy)
	}
	return x.backend()
}

// elsewhere returns why a step cannot tell where the connection leads; "" if it can.
func (x *examination) elsewhere() string {
	switch {
	case x.setup.Host != "" || strings.HasPrefix(x.setup.Target, "unix"):
		return ""
	default:
		return "a resolver of the program's own finds the address"
	}
}

// own is the failure of a step that the program's own dialer may not have: then the call
// shows whether there is a way.
func (x *examination) own(f finding) finding {
	if x.setup.OwnDialing && f.state == Failed {
		f.state = Warning
		f.advice += "; but the program has gRPC options, resolvers or an http.Client of its own, which may lead elsewhere: the call will tell"
	}
	return f
}

func (x *examination) dns(ctx context.Context) finding {
	if why := x.elsewhere(); why != "" {
		return skip(why)
	}
	if x.setup.Host == "" {
		return skip("a unix socket has no name")
	}
	host, _, err := net.SplitHostPort(x.first())
	if err != nil {
		return fail(UnknownName, err.Error(), x.words.NoAddress(x.first()))
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return skip(host + " is an IP address")
	}
	lookup := x.lookup
	if lookup == nil {
		lookup = nameServer(x.setup.Target).LookupHost
	}
	addresses, err := lookup(ctx, host)
	if err != nil {
		problem, what := x.trouble(ctx, err, ofFirst)
		return x.own(fail(problem, "the name "+host+": "+err.Error(), what))
	}
	return ok(fmt.Sprintf("%s is %s", host, strings.Join(addresses[:min(len(addresses), maxAddresses)], ", ")))
}

const maxAddresses = 4

// nameServer is the resolver that a target dns://server/host names, else the system's.
func nameServer(target string) *net.Resolver {
	rest, _ := strings.CutPrefix(target, "dns://")
	server, _, _ := strings.Cut(rest, "/")
	if rest == target || server == "" {
		return net.DefaultResolver
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server)
	}}
}

func (x *examination) tcp(ctx context.Context) finding {
	if why := x.elsewhere(); why != "" {
		return skip(why)
	}
	conn, err := x.reach(ctx)
	if err != nil {
		problem, what := x.trouble(ctx, err, ofFirst)
		return x.own(fail(problem, "no connection to "+x.where()+": "+err.Error(), what))
	}
	x.conn = conn
	to := cmp.Or(conn.RemoteAddr().String(), x.setup.Target)
	if x.proxy != nil {
		return ok("the proxy accepts connections at " + to)
	}
	return ok("connected to " + to)
}

// where is what the connection is made to.
func (x *examination) where() string {
	if x.setup.Host == "" {
		return x.setup.Target
	}
	return x.first()
}

// reach connects to the backend, or to the proxy.
func (x *examination) reach(ctx context.Context) (net.Conn, error) {
	scheme, path, _ := strings.Cut(x.setup.Target, ":")
	switch {
	case x.setup.Host != "":
		return x.dial(ctx, "tcp", x.first())
	case scheme == "unix":
		return x.dial(ctx, "unix", strings.TrimPrefix(path, "//"))
	default:
		return x.dial(ctx, "unix", "@"+path) // an abstract socket
	}
}

// connect connects to the backend once more, through the proxy if there is one.
func (x *examination) connect(ctx context.Context) (net.Conn, error) {
	conn, err := x.reach(ctx)
	if err != nil || x.setup.Proxy == nil {
		return conn, err
	}
	return x.tunnel().Through(ctx, conn, x.backend())
}

func (x *examination) tunnel() *peer.Tunnel {
	return &peer.Tunnel{Proxy: x.setup.Proxy, TLS: x.setup.TLS, Agent: x.setup.UserAgent}
}

func (x *examination) throughProxy(ctx context.Context) finding {
	switch {
	case x.proxy == nil:
		return skip("the connection goes through no proxy")
	case x.conn == nil:
		return skip("there is no connection")
	}
	conn, err := x.tunnel().Through(ctx, x.conn, x.backend())
	x.conn = nil
	if err != nil {
		problem, what := x.trouble(ctx, err, ofProxy)
		if problem == Unreachable {
			problem = ProxyRefused
		}
		return x.own(fail(problem, "the proxy "+x.proxy.Address+": "+err.Error(), what))
	}
	x.conn = conn
	return ok("the proxy has connected to " + x.backend())
}
