// The clock that counts the CPU time of a process is unix's.

//go:build unix

package mockserver_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	connectgo "connectrpc.com/connect"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/front"
)

// plain is a server that only answers.
type plain struct {
	authpb.UnimplementedIdentityServiceServer
}

func (plain) UserInfo(context.Context, *authpb.UserInfoRequest) (*authpb.UserInfoResponse, error) {
	return &authpb.UserInfoResponse{Subject: "ada"}, nil
}

func userInfo(ctx context.Context, conn grpc.ClientConnInterface) error {
	_, err := authpb.NewIdentityServiceClient(conn).UserInfo(ctx, &authpb.UserInfoRequest{})
	return err
}

// plainToken is as long as the mock's tokens are.
var plainToken = strings.Repeat("a.b-c_d", 90)

// ratedCalls are calls to a bare grpc-go server and to mocks, by name: all of the same
// method, from clients that have one connection each. Mocks check an access token.
func ratedCalls(tb testing.TB) map[string]call {
	tb.Helper()
	calls := map[string]call{"bare": callPlain(tb)}
	for name, options := range map[string][]mockserver.Option{"native": nil, "front": {mockserver.WithHTTPFront()}} {
		s, err := mockserver.New(options...)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = s.Close() })
		conn, token := connect(tb, s), fetchToken(tb, s)
		calls[name] = func(ctx context.Context) error { return userInfo(with(ctx, token), conn) }
		if options == nil {
			continue
		}
		for _, c := range callers() {
			if c.protocol == front.GRPC {
				continue
			}
			c.http = c.client(tb, s)
			c.http.Transport.(*http.Transport).MaxIdleConnsPerHost = 256
			client := connectgo.NewClient[authpb.UserInfoRequest, authpb.UserInfoResponse](
				c.http, base(s)+"/flyteidl2.auth.IdentityService/UserInfo", c.options...)
			calls["front, "+c.name] = func(ctx context.Context) error {
				req := connectgo.NewRequest(&authpb.UserInfoRequest{})
				authorize(req.Header(), token)
				_, err := client.CallUnary(ctx, req)
				return err
			}
		}
	}
	return calls
}

func callPlain(tb testing.TB) call {
	tb.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	server := grpc.NewServer()
	authpb.RegisterIdentityServiceServer(server, plain{})
	go func() { _ = server.Serve(listener) }() // until Stop
	tb.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return func(ctx context.Context) error { return userInfo(with(ctx, plainToken), conn) }
}

// BenchmarkCalls measures calls per second, 16 at a time, in rounds in which every server has
// its turn, and the same beside the bare server: the median of the rounds' ratios. Seconds
// are those of the CPU, by client and server together, since other programs share the
// machine; the machine's two cores at least divide them.
func BenchmarkCalls(b *testing.B) {
	const perRound = 320
	calls := ratedCalls(b)
	names := slices.Sorted(maps.Keys(calls))
	took := map[string][]float64{}
	for range b.N {
		for _, i := range rand.Perm(len(names)) {
			start := cpuSeconds(b)
			atOnce(b, 16, perRound, calls[names[i]])
			took[names[i]] = append(took[names[i]], cpuSeconds(b)-start)
		}
	}
	for _, name := range names {
		ratios := make([]float64, len(took[name]))
		for i, seconds := range took[name] {
			ratios[i] = took["bare"][i] / seconds
		}
		unit := strings.ReplaceAll(strings.ReplaceAll(name, ", ", ":"), " ", "-")
		b.ReportMetric(perRound/median(took[name]), unit+":calls/s")
		b.ReportMetric(median(ratios), unit+":of-bare")
	}
	b.ReportMetric(0, "ns/op")
}

// cpuSeconds returns the CPU time that the process has used.
func cpuSeconds(tb testing.TB) float64 {
	tb.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

// atOnce makes n calls in so many goroutines.
func atOnce(tb testing.TB, goroutines, n int, call call) {
	tb.Helper()
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range n / goroutines {
				if err := call(tb.Context()); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
