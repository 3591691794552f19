package doctor

import (
	"context"
	"errors"
	"iter"
	"net"
	"time"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/internal/advice"
	"github.com/jetway-go/jetway/internal/fault"
	"github.com/jetway-go/jetway/internal/peer"
)

// Run takes all steps and returns the report. It returns soon after ctx ends: each step
// also ends by itself in time, see [WithStepTimeout].
func Run(ctx context.Context, t Target, opts ...Option) Report {
	x := examine(t, opts)
	var r Report
	for s := range x.steps(ctx) {
		r.Steps = append(r.Steps, s)
	}
	r.Target = x.address
	return r
}

// Steps returns the steps as they end. Breaking out of the loop ends the examination.
func Steps(ctx context.Context, t Target, opts ...Option) iter.Seq[Step] {
	return func(yield func(Step) bool) { examine(t, opts).steps(ctx)(yield) }
}

type config struct {
	limit    time.Duration
	callName string
	call     func(ctx context.Context, conn grpc.ClientConnInterface) error
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	lookup   func(ctx context.Context, host string) ([]string, error) // nil: the system's
}

// examination is what the steps so far have found out.
type examination struct {
	config

	target  Target
	address string
	cs      *clientset.ClientSet // nil: it cannot be made
	setup   clientset.Setup
	words   advice.Settings
	proxy   *advice.Proxy // nil: none
	secrets fault.Secrets
	stopped map[string]string // the steps without which others make no sense, and why

	conn     net.Conn // to the backend, or to the proxy, for the next step
	wrongNow bool     // a certificate is outside of its time
	servers  []serverTime
	found    configstore.ClientConfig
	noLogin  bool // the backend advertises none
	status   auth.Status
}

func examine(t Target, opts []Option) *examination {
	x := &examination{
		config: config{
			limit: DefaultStepTimeout, callName: "ProjectService/ListProjects", call: listProjects,
			dial: peer.NewDialer(peer.DefaultLimit).DialContext,
		},
		target: t, stopped: map[string]string{},
	}
	for _, o := range opts {
		if o != nil {
			o.apply(&x.config)
		}
	}
	return x
}

// finding is how a step ended.
type finding struct {
	state        State
	problem      Problem
	seen, advice string
	goOn         bool // it failed, and the next steps may be taken all the same
}

func ok(seen string) finding { return finding{state: OK, seen: seen} }

func skip(why string) finding { return finding{state: Skipped, seen: why} }

func warn(p Problem, seen, what string) finding {
	return finding{state: Warning, problem: p, seen: seen, advice: what}
}

func fail(p Problem, seen, what string) finding {
	return finding{state: Failed, problem: p, seen: seen, advice: what}
}

// step is one step, and the steps that must not have failed before it.
type step struct {
	name  string
	needs []string
	take  func(ctx context.Context) finding
}

func (x *examination) plan() []step {
	return []step{
		{stepSettings, nil, x.settings},
		{stepDNS, []string{stepSettings}, x.dns},
		{stepTCP, []string{stepDNS}, x.tcp},
		{stepProxy, []string{stepTCP}, x.throughProxy},
		{stepTLS, []string{stepProxy}, x.tls},
		{stepProtocol, []string{stepTLS}, x.protocol},
		{stepDiscovery, []string{stepSettings}, x.discovery},
		{stepAuthServer, []string{stepDiscovery}, x.authServer},
		{stepClock, []string{stepSettings}, x.clock},
		{stepStore, []string{stepSettings}, x.store},
		{stepLogin, []string{stepStore}, x.login},
		{stepCall, []string{stepProtocol, stepLogin}, x.callBackend},
		{stepHTTP, []string{stepSettings, stepLogin}, x.get},
	}
}

// The names of the steps.
const (
	stepSettings   = "settings"
	stepDNS        = "dns"
	stepTCP        = "tcp"
	stepProxy      = "proxy"
	stepTLS        = "tls"
	stepProtocol   = "protocol"
	stepDiscovery  = "discovery"
	stepAuthServer = "authserver"
	stepClock      = "clock"
	stepStore      = "store"
	stepLogin      = "login"
	stepCall       = "call"
	stepHTTP       = "http"
)

func (x *examination) steps(ctx context.Context) iter.Seq[Step] {
	return func(yield func(Step) bool) {
		defer x.close()
		for _, s := range x.plan() {
			if !yield(x.take(ctx, s)) {
				return
			}
		}
	}
}

// take takes one step, unless that makes no sense any more.
func (x *examination) take(ctx context.Context, s step) Step {
	for _, name := range s.needs {
		if why, stopped := x.stopped[name]; stopped {
			x.stopped[s.name] = why
			return Step{Name: s.name, State: Skipped, Seen: why}
		}
	}
	if ctx.Err() != nil {
		why := "there was no time left for it"
		x.stopped[s.name] = why
		return Step{Name: s.name, State: Skipped, Seen: why}
	}
	limited, cancel := context.WithTimeout(ctx, x.limit)
	defer cancel()
	start := time.Now()
	f := s.take(limited)
	took := time.Since(start)
	if f.state == Failed && !f.goOn {
		x.stopped[s.name] = "the step " + s.name + " failed"
	}
	if f.state == Skipped {
		took = 0
	}
	return Step{
		Name: s.name, State: f.state, Problem: f.problem, Seen: x.clean(f.seen), Advice: x.clean(f.advice), Took: took,
	}
}

// clean returns a text as a terminal may show it, and without what is known to be secret:
// servers repeat what they were sent.
func (x *examination) clean(text string) string { return x.secrets.Text(text, maxText) }

const maxText = 1000

func (x *examination) close() {
	x.drop()
	if x.cs != nil {
		_ = x.cs.Close()
	}
}

// drop closes the connection, which the next steps do not need.
func (x *examination) drop() {
	if x.conn != nil {
		_ = x.conn.Close()
		x.conn = nil
	}
}

// settings makes the client of the program, but for what would ask a person or repeat
// calls.
func (x *examination) settings(ctx context.Context) finding {
	if x.target.client == nil {
		return fail(BadSettings, "nothing is to be examined", "make the Target with Endpoint, APIKey or Resolver")
	}
	cs, err := x.target.client(ctx, clientset.WithoutRetry())
	if err != nil {
		if failed, ok := errors.AsType[*clientset.Error](err); ok {
			x.address = failed.Endpoint
		}
		if ctx.Err() != nil {
			return fail(Timeout, err.Error(), "the settings are found out over the network: check the connection of this machine")
		}
		return fail(BadSettings, err.Error(), "correct the setting that the text names")
	}
	x.cs, x.setup, x.address = cs, cs.Setup(), cs.Endpoint()
	x.words = advice.Settings{
		Endpoint: x.setup.Settings.Endpoint, Insecure: x.setup.Settings.Insecure, CAFile: x.setup.Settings.CAFile,
		ProxyURL: x.setup.Settings.ProxyURL,
	}
	seen := "a client for " + x.address
	switch s := x.setup; {
	case s.Target == "":
		seen = "a client for " + s.HTTPBase + ", without gRPC"
	case s.Plaintext:
		seen += ", without TLS"
	default:
		seen += ", over TLS"
	}
	if p := x.setup.Proxy; p != nil {
		x.proxy = &advice.Proxy{Scheme: p.Scheme, Address: peer.ProxyAddress(p), From: x.setup.ProxyFrom}
		password, _ := p.User.Password()
		x.secrets.Add(password)
		seen += ", through the proxy " + x.proxy.Address + ", which " + x.proxy.From + " sets"
	}
	if x.setup.Login && x.setup.NoCredentials != nil {
		return warn(NotSent, seen, x.setup.NoCredentials.Error())
	}
	return ok(seen)
}
