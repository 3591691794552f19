package clientset_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
)

// roundTrip is how long a byte takes to the server and back in these tests. Nothing else
// takes time there: the clock is that of the bubble.
const roundTrip = 100 * time.Millisecond

// farAway is a backend with its token endpoint on the same authority, one round trip away.
type farAway struct {
	projectpb.UnimplementedProjectServiceServer
	authpb.UnimplementedAuthMetadataServiceServer

	tokenURL string // advertised
	accept   chan net.Conn
	certs    authority

	mu    sync.Mutex
	asked map[string]int // requests by what they are for
	dials int
}

const farHost = "flyte.example.com"

// newFarAway serves until the test ends.
func newFarAway(t *testing.T) *farAway {
	t.Helper()
	f := &farAway{accept: make(chan net.Conn, 16), certs: newAuthority(t), asked: map[string]int{}, tokenURL: "https://" + farHost + "/token"}
	calls := grpc.NewServer()
	projectpb.RegisterProjectServiceServer(calls, f)
	authpb.RegisterAuthMetadataServiceServer(calls, f)
	server := &http.Server{
		ReadHeaderTimeout: time.Hour,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{f.certs.issue(t, farHost)}, NextProtos: []string{"h2", "http/1.1"}},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc"):
				calls.ServeHTTP(w, r)
			case strings.HasSuffix(f.tokenURL, r.URL.Path):
				f.count("token")
				w.Header().Set("Content-Type", "application/json")
				_, _ = fmt.Fprint(w, `{"access_token":"good","token_type":"Bearer","expires_in":3600}`)
			default:
				f.count(r.URL.Path)
				http.NotFound(w, r)
			}
		}),
	}
	go func() { _ = server.ServeTLS(&farListener{conns: f.accept, closed: make(chan struct{})}, "", "") }()
	t.Cleanup(func() {
		_ = server.Close()
		calls.Stop()
		time.Sleep(time.Second) // until what was under way has arrived
	})
	return f
}

func (f *farAway) count(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[what]++
}

func (f *farAway) asks(what string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[what]
}

func (f *farAway) ListProjects(ctx context.Context, _ *projectpb.ListProjectsRequest) (*projectpb.ListProjectsResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if values := md.Get("authorization"); len(values) != 1 || values[0] != "Bearer good" {
		return nil, status.Error(codes.Unauthenticated, "who are you?")
	}
	return &projectpb.ListProjectsResponse{}, nil
}

func (f *farAway) GetOAuth2Metadata(context.Context, *authpb.GetOAuth2MetadataRequest) (*authpb.GetOAuth2MetadataResponse, error) {
	f.count("metadata")
	if f.tokenURL == "" {
		return nil, status.Error(codes.Unavailable, "not now")
	}
	return &authpb.GetOAuth2MetadataResponse{Issuer: "https://" + farHost, TokenEndpoint: f.tokenURL}, nil
}

func (f *farAway) GetPublicClientConfig(context.Context, *authpb.GetPublicClientConfigRequest) (*authpb.GetPublicClientConfigResponse, error) {
	f.count("client")
	return &authpb.GetPublicClientConfigResponse{ClientId: "cli"}, nil
}

// dial takes a round trip, as the handshake of TCP does.
func (f *farAway) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	f.mu.Lock()
	f.dials++
	f.mu.Unlock()
	select {
	case <-time.After(roundTrip):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	there, back := newWire(), newWire()
	f.accept <- &farConn{in: there, out: back}
	return &farConn{in: back, out: there}, nil
}

// client is a machine that logs in at f.
func (f *farAway) client(t *testing.T, opts ...clientset.Option) *clientset.ClientSet {
	t.Helper()
	opts = append([]clientset.Option{
		clientset.WithDialOptions(grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return f.dial(ctx, "tcp", "") })),
		clientset.WithDialTCP(f.dial),
		clientset.WithTLSConfig(&tls.Config{RootCAs: f.certs.pool, MinVersion: tls.VersionTLS13}),
		clientset.WithFlow(flow.ClientCredentials{ClientID: "robot", Secret: flow.SecretValue("secret")}),
		clientset.WithoutStore(),
	}, opts...)
	return made(t)(clientset.ForEndpoint("passthrough:///"+farHost, opts...))
}

// trips returns how many round trips the first call takes.
func trips(t *testing.T, cs *clientset.ClientSet) float64 {
	t.Helper()
	begin := time.Now()
	if err := list(t.Context(), cs); err != nil {
		t.Fatal(err)
	}
	return float64(time.Since(begin)) / float64(roundTrip)
}

// From a cold start to the first answer: TCP, TLS, SETTINGS, discovery, the token request
// and the call. Without discovery the token request takes place beside the connection, and
// with a token at hand there is none.
func TestColdStartTakesNoMoreRoundTripsThanItMust(t *testing.T) {
	t.Parallel()
	elsewhere := clientset.WithClientConfig(configstore.ClientConfig{TokenEndpoint: "https://" + farHost + ":8443/token"})
	for name, tc := range map[string]struct {
		opts     []clientset.Option
		want     float64
		metadata int
	}{
		"discovery": {want: 6, metadata: 1},
		"discovery, the token endpoint is named by an option": {
			opts: []clientset.Option{elsewhere, clientset.WithFlow(flow.Password{Username: "ada", Password: flow.SecretValue("secret")})},
			want: 6, metadata: 1,
		},
		"a store of the program's that takes two, the token endpoint is named by an option": {
			opts: []clientset.Option{
				elsewhere, clientset.WithFlow(flow.Password{Username: "ada", Password: flow.SecretValue("secret")}),
				clientset.WithConfigStore(configstore.Func(func(context.Context) (configstore.ClientConfig, error) {
					time.Sleep(2 * roundTrip)
					return configstore.ClientConfig{ClientID: "cli"}, nil
				})),
			},
			want: 4,
		},
		"the token endpoint is given": {opts: []clientset.Option{elsewhere}, want: 4},
		"a token": {
			opts: []clientset.Option{clientset.WithCredentials(&auth.Credentials{AccessToken: "good"})}, want: 4,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFarAway(t)
				cs := f.client(t, tc.opts...)
				if n := trips(t, cs); n != tc.want {
					t.Errorf("%v round trips, want %v", n, tc.want)
				}
				if n := f.asks("metadata"); n != tc.metadata {
					t.Errorf("%d discovery requests, want %d", n, tc.metadata)
				}
				if f.dials > 2 {
					t.Errorf("%d connections, want one for calls and one for tokens", f.dials)
				}
				_ = cs.Close()
			})
		})
	}
}

// The first process finds out, the ones after it know.
func TestColdStartAfterAnotherProcessTakesFourRoundTrips(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "kept")
	synctest.Test(t, func(t *testing.T) {
		f := newFarAway(t)
		for process, want := range []float64{6, 4, 4} {
			cs := f.client(t, clientset.WithConfigCache(dir))
			if n := trips(t, cs); n != want {
				t.Errorf("process %d: %v round trips, want %v", process+1, n, want)
			}
			_ = cs.Close()
		}
		if n := f.asks("metadata"); n != 1 {
			t.Errorf("%d discovery requests, want 1", n)
		}
		// An endpoint that has moved is found: its old place answers 404, and what was kept
		// is dropped.
		f.tokenURL = "https://" + farHost + "/moved"
		cs := f.client(t, clientset.WithConfigCache(dir))
		if err := list(t.Context(), cs); err != nil || f.asks("metadata") != 2 {
			t.Errorf("%v after %d discovery requests, want a second one and success", err, f.asks("metadata"))
		}
		_ = cs.Close()
	})
}

// A connection that no request takes is closed: servers do so too, and a request on it
// would be lost.
func TestUnusedTokenConnectionIsClosedSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFarAway(t)
		f.tokenURL = "" // discovery fails, so no token is requested
		cs := f.client(t, clientset.WithoutRetry())
		if err := cs.Login(t.Context()); status.Code(err) != codes.Unavailable {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		f.tokenURL = "https://" + farHost + "/token"
		if err := list(t.Context(), cs); err != nil || f.dials != 3 {
			t.Errorf("%v after %d connections, want a new one for the token", err, f.dials)
		}
		_ = cs.Close()
	})
}

// farListener accepts what is sent to it.
type farListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *farListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *farListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (*farListener) Addr() net.Addr { return &net.TCPAddr{} }

// wire carries bytes in one direction, half a round trip long.
type wire struct {
	packets chan packet
	closed  chan struct{}
	once    sync.Once
}

type packet struct {
	at    time.Time
	bytes []byte
}

func newWire() *wire { return &wire{packets: make(chan packet, 1<<12), closed: make(chan struct{})} }

func (w *wire) close() { w.once.Do(func() { close(w.closed) }) }

// farConn is one end of two wires. Deadlines are not kept: no test depends on one.
type farConn struct {
	in, out *wire
	rest    []byte
}

func (c *farConn) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		select {
		case p := <-c.in.packets:
			time.Sleep(time.Until(p.at))
			c.rest = p.bytes
		case <-c.in.closed:
			select {
			case p := <-c.in.packets:
				c.rest = p.bytes
			default:
				return 0, net.ErrClosed
			}
		}
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *farConn) Write(b []byte) (int, error) {
	select {
	case <-c.out.closed:
		return 0, net.ErrClosed
	default:
	}
	c.out.packets <- packet{time.Now().Add(roundTrip / 2), append([]byte(nil), b...)}
	return len(b), nil
}

func (c *farConn) Close() error {
	c.in.close()
	c.out.close()
	return nil
}

func (*farConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*farConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*farConn) SetDeadline(time.Time) error      { return nil }
func (*farConn) SetReadDeadline(time.Time) error  { return nil }
func (*farConn) SetWriteDeadline(time.Time) error { return nil }
