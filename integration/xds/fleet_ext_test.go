package xds_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

const (
	// service is what programs call the backends.
	service = "flyte.example.com"
	listed  = "/flyteidl2.project.ProjectService/ListProjects"
	// patience is what a test has for a single wait.
	patience = time.Minute
	workers  = 16
)

// fleet is several backends that take the tokens of one authorization server.
type fleet struct {
	issuer   *mockserver.Server // serves no calls
	backends []*mockserver.Server
}

// newFleet starts n backends over TLS, whose certificates are for the service's name.
func newFleet(tb testing.TB, n int) *fleet {
	tb.Helper()
	return newFleetAt(tb, mockserver.WithTLSNames(service), make([]string, n)...)
}

// plaintext is the security of backends without TLS.
var plaintext = mockserver.WithProject("demo")

// newFleetAt starts a backend at each address, an empty one for any.
func newFleetAt(tb testing.TB, security mockserver.Option, addresses ...string) *fleet {
	tb.Helper()
	quiet := mockserver.WithLogger(slog.New(slog.DiscardHandler))
	f := &fleet{issuer: mocktest.New(tb, quiet, security)}
	for _, at := range addresses {
		opts := []mockserver.Option{quiet, security, mockserver.WithControlPlane(f.issuer)}
		if at != "" {
			opts = append(opts, mockserver.WithAddress(at))
		}
		f.backends = append(f.backends, mocktest.New(tb, opts...))
	}
	return f
}

// shares gives each backend its weight.
func (f *fleet) shares(weights ...uint32) []share {
	all := make([]share, len(f.backends))
	for i, b := range f.backends {
		all[i] = share{address: b.Endpoint(), weight: weights[i]}
	}
	return all
}

// trust lets a client trust the certificates, and log in by a password: such a login has a
// refresh token, which the authorization server rotates, and whose second use ends it.
func (f *fleet) trust() []clientset.Option {
	opts := []clientset.Option{
		clientset.WithoutStore(),
		clientset.WithFlow(flow.Password{Username: f.issuer.Login(), Password: flow.SecretValue(f.issuer.Password())}),
	}
	for _, b := range append(f.backends, f.issuer) {
		if pem := b.CACertPEM(); pem != nil {
			opts = append(opts, clientset.WithCAPEM(pem))
		}
	}
	return opts
}

// counts returns how many calls each backend has received.
func (f *fleet) counts() []int {
	counts := make([]int, len(f.backends))
	for i, b := range f.backends {
		counts[i] = calls(b)
	}
	return counts
}

func calls(s *mockserver.Server) (n int) {
	for _, r := range s.Requests() {
		if r.Method == listed {
			n++
		}
	}
	return n
}

// made closes a client when the test ends.
func made(tb testing.TB) func(*clientset.ClientSet, error) *clientset.ClientSet {
	tb.Helper()
	return func(cs *clientset.ClientSet, err error) *clientset.ClientSet {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() {
			if err := cs.Close(); err != nil {
				tb.Errorf("Close: %v", err)
			}
		})
		return cs
	}
}

// throughXDS is a client of the service, whose backends the control plane names.
func (f *fleet) throughXDS(tb testing.TB, p *controlPlane, opts ...clientset.Option) *clientset.ClientSet {
	tb.Helper()
	opts = append(f.trust(), opts...)
	return made(tb)(clientset.ForEndpoint("xds:///"+service, append(opts, clientset.WithResolvers(p.resolver(tb)))...))
}

func list(ctx context.Context, cs *clientset.ClientSet) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := cs.Project().ListProjects(ctx, &projectpb.ListProjectsRequest{})
	return err
}

// load is calls that are made without a pause, by several goroutines.
type load struct {
	done   atomic.Int64
	failed atomic.Int64
	first  atomic.Pointer[error]
	stop   context.CancelFunc
	all    sync.WaitGroup
}

// underLoad starts calls, which go on until end is called.
func underLoad(tb testing.TB, cs *clientset.ClientSet) *load {
	tb.Helper()
	return start(tb, cs, workers)
}

// start is underLoad for a number of callers.
func start(tb testing.TB, cs *clientset.ClientSet, callers int) *load {
	tb.Helper()
	l := &load{}
	ctx, cancel := context.WithCancel(tb.Context())
	l.stop = cancel
	for range callers {
		l.all.Go(func() {
			for ctx.Err() == nil {
				err := list(context.WithoutCancel(ctx), cs)
				if l.done.Add(1); err != nil {
					l.failed.Add(1)
					l.first.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	tb.Cleanup(func() { cancel(); l.all.Wait() })
	return l
}

// goesOn waits until n more calls have ended.
func (l *load) goesOn(tb testing.TB, n int64) {
	tb.Helper()
	limit := time.Now().Add(patience)
	for until := l.done.Load() + n; l.done.Load() < until; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			tb.Fatalf("no %d calls within %v", n, patience)
		}
	}
}

// until waits, while calls go on, until reached reports true.
func (l *load) until(tb testing.TB, what string, reached func() bool) {
	tb.Helper()
	for limit := time.Now().Add(patience); !reached(); l.goesOn(tb, 10) {
		if time.Now().After(limit) {
			tb.Fatalf("within %v it was not reached that %s", patience, what)
		}
	}
}

// reachesAll waits until each backend gets calls: its connection may come late.
func (l *load) reachesAll(tb testing.TB, f *fleet) {
	tb.Helper()
	l.until(tb, "each backend gets calls", func() bool { return !slices.Contains(f.counts(), 0) })
}

// end stops the calls and returns the first error.
func (l *load) end() (failed int64, first error) {
	l.stop()
	l.all.Wait()
	if err := l.first.Load(); err != nil {
		first = *err
	}
	return l.failed.Load(), first
}

// wantNoFailure ends the calls, none of which may have failed.
func (l *load) wantNoFailure(tb testing.TB) {
	tb.Helper()
	if failed, err := l.end(); failed != 0 {
		tb.Errorf("%d of %d calls failed, the first with: %v", failed, l.done.Load(), errors.Unwrap(err))
	}
}
