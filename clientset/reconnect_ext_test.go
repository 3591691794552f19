package clientset_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/test/bufconn"

	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
)

// outage is a network that can be down.
type outage struct {
	l *bufconn.Listener

	mu    sync.Mutex
	down  bool
	conns []net.Conn
	dials int
}

func (o *outage) dial(ctx context.Context, _ string) (net.Conn, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dials++
	if o.down {
		return nil, errors.New("connection refused")
	}
	conn, err := o.l.DialContext(ctx)
	o.conns = append(o.conns, conn)
	return conn, err
}

func (o *outage) begin() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.down = true
	for _, c := range o.conns {
		_ = c.Close()
	}
	o.conns = nil
}

// connected counts the connections made since the outage began.
func (o *outage) connected() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.conns)
}

// end returns how often a connection was tried meanwhile.
func (o *outage) end() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.down = false
	return o.dials
}

// After an outage of 45 seconds calls work again within three, whether the program went on
// calling, waited with a call, or came back later.
func TestCallsWorkSoonAfterAnOutage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		meanwhile func(t *testing.T, call func(...grpc.CallOption) error)
		opts      []clientset.Option
		waits     bool // a call waits for the connection, from the beginning on
	}{
		"no calls meanwhile":    {meanwhile: func(*testing.T, func(...grpc.CallOption) error) { time.Sleep(45 * time.Second) }},
		"calls all the time":    {meanwhile: allTheTime},
		"with the usual pauses": {meanwhile: allTheTime, opts: []clientset.Option{clientset.WithRetries(3)}},
		"a call that waits": {meanwhile: func(t *testing.T, call func(...grpc.CallOption) error) {
			t.Helper()
			done := make(chan error, 1)
			time.Sleep(time.Second) // until the end of the connection is known
			go func() { done <- call(grpc.WaitForReady(true)) }()
			t.Cleanup(func() {
				if err := <-done; err != nil {
					t.Errorf("the call that waited: %v", err)
				}
			})
			time.Sleep(45 * time.Second)
		}, waits: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := &outage{l: bufconn.Listen(1 << 20)}
				server := grpc.NewServer()
				projectpb.RegisterProjectServiceServer(server, minimal{})
				go func() { _ = server.Serve(o.l) }()
				t.Cleanup(server.Stop)
				cs := made(t)(clientset.ForEndpoint("passthrough:///backend", append([]clientset.Option{
					clientset.WithInsecure(), clientset.WithoutAuth(), clientset.WithoutRetry(), clientset.WithDialOptions(grpc.WithContextDialer(o.dial)),
				}, tt.opts...)...))
				call := func(opts ...grpc.CallOption) error {
					_, err := cs.Project().GetProject(t.Context(), &projectpb.GetProjectRequest{}, opts...)
					return err
				}
				if err := call(); err != nil {
					t.Fatal(err)
				}

				o.begin()
				tt.meanwhile(t, call)
				tried := o.end()

				back := time.Now()
				if tt.waits { // without another call, which would hurry the connection
					synctest.Wait()
					for o.connected() == 0 && time.Since(back) < time.Minute {
						time.Sleep(100 * time.Millisecond)
					}
				}
				for call() != nil {
					time.Sleep(100 * time.Millisecond)
				}
				if late := time.Since(back); late > 3*time.Second {
					t.Errorf("calls failed for %v after the outage, want 3s at most", late)
				}
				if tried > 90 {
					t.Errorf("the client tried %d times to connect in 45 seconds", tried)
				}
			})
		})
	}
}

func allTheTime(t *testing.T, call func(...grpc.CallOption) error) {
	t.Helper()
	for begun := time.Now(); time.Since(begun) < 45*time.Second; {
		if call() == nil {
			t.Error("a call without a connection succeeded")
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// A call that waits in the pause before another attempt has the connection made meanwhile.
func TestRepeatedCallHasTheConnectionMade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &outage{l: bufconn.Listen(1 << 20)}
		server := grpc.NewServer()
		projectpb.RegisterProjectServiceServer(server, minimal{})
		go func() { _ = server.Serve(o.l) }()
		t.Cleanup(server.Stop)
		slow := grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.DefaultConfig}) // waits of two minutes, in the end
		cs := made(t)(clientset.ForEndpoint("passthrough:///backend", clientset.WithInsecure(), clientset.WithoutAuth(),
			clientset.WithDialOptions(slow, grpc.WithContextDialer(o.dial))))
		o.begin()
		_, _ = cs.Project().GetProject(t.Context(), &projectpb.GetProjectRequest{})
		time.Sleep(10 * time.Minute)
		o.end()
		if _, err := cs.Project().GetProject(t.Context(), &projectpb.GetProjectRequest{}); err != nil {
			t.Errorf("%v, want a call that succeeds at its second attempt", err)
		}
	})
}
