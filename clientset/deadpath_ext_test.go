// Only Linux ends a connection within less than a second, and for the lack of room at the
// peer as well, which needs no network to be cut.

//go:build linux

package clientset_test

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// relay passes connections on, until it is frozen: then it takes nothing more off those
// that it has.
type relay struct {
	net.Listener

	to     string
	frozen atomic.Bool
}

func (r *relay) serve(ctx context.Context) {
	for {
		here, err := r.Accept()
		if err != nil {
			return
		}
		if tcp, ok := here.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(4 << 10)
		}
		there, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.to)
		if err != nil {
			return
		}
		r.frozen.Store(false) // the next one is alive
		over := make(chan struct{})
		go func() {
			defer close(over)
			buffer := make([]byte, 1<<10)
			for {
				n, err := here.Read(buffer)
				if err != nil {
					return
				}
				if _, err := there.Write(buffer[:n]); err != nil {
					return
				}
				for r.frozen.Load() && ctx.Err() == nil {
					time.Sleep(time.Millisecond)
				}
			}
		}()
		go func() {
			_, _ = io.Copy(here, there)
			_ = here.Close()
		}()
		go func() {
			<-over
			_ = there.Close()
		}()
	}
}

// served is a server whose WatchRuns takes a while before each of its messages.
func served(t *testing.T, pause time.Duration) string {
	t.Helper()
	l := listening(t)
	server := grpc.NewServer()
	projectpb.RegisterProjectServiceServer(server, minimal{})
	workflowpb.RegisterRunServiceServer(server, slowRuns{pause: pause})
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return l.Addr().String()
}

// A peer that takes nothing off the connection any more ends the call that wrote to it,
// although that has no deadline of its own; the next call has a connection of its own.
func TestCallAfterADeadPathHasANewConnection(t *testing.T) {
	t.Parallel()
	r := &relay{Listener: listening(t), to: served(t, 0)}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	go r.serve(ctx)
	cs := made(t)(clientset.ForEndpoint("http://"+r.Addr().String(), clientset.WithoutAuth(), clientset.WithoutRetry(),
		clientset.WithDeadPathTimeout(200*time.Millisecond)))
	get := func(size int) error {
		_, err := cs.Project().GetProject(soon(t), &projectpb.GetProjectRequest{Id: string(make([]byte, size))})
		return err
	}
	if err := get(1); err != nil {
		t.Fatal(err)
	}
	r.frozen.Store(true)
	if err := get(60_000); status.Code(err) != codes.Unavailable {
		t.Errorf("on the dead connection: %v, want Unavailable", err)
	}
	for err := get(1); err != nil; err = get(1) { // while the new connection is made
		if status.Code(err) != codes.Unavailable {
			t.Fatalf("the call after that: %v", err)
		}
	}
}

// What matters is that data is acknowledged, not that it is answered.
func TestSlowServerLosesNoStream(t *testing.T) {
	t.Parallel()
	const limit = 100 * time.Millisecond
	cs := made(t)(clientset.ForEndpoint("http://"+served(t, 5*limit), clientset.WithoutAuth(), clientset.WithDeadPathTimeout(limit)))
	runs, err := cs.Run().WatchRuns(soon(t), &workflowpb.WatchRunsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := runs.Recv(); err != nil {
			t.Fatal(err)
		}
	}
}
