package routing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/internal/endpoint"
)

const (
	getActionData = dataproxypb.DataProxyService_GetActionData_FullMethodName
	tailLogs      = dataproxypb.DataProxyService_TailLogs_FullMethodName
)

// conn is a connection that counts its calls, and ends them with err.
type conn struct {
	name string

	mu       sync.Mutex // guards everything below
	calls    int
	err      error
	messages int           // of a stream, before err
	slow     time.Duration // before the end of a stream
	sent     []any         // by streams
	closed   int           // streams whose sending side is closed
	hold     func()        // called by NewStream
}

func (c *conn) fail(code codes.Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = nil
	if code != codes.OK {
		c.err = status.Error(code, c.name)
	}
}

func (c *conn) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}

func (c *conn) Invoke(ctx context.Context, _ string, _, _ any, opts ...grpc.CallOption) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	err := c.err
	if ctx.Err() != nil {
		err = status.FromContextError(ctx.Err()).Err()
	}
	return notMade(opts, err)
}

func (c *conn) NewStream(ctx context.Context, _ *grpc.StreamDesc, _ string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	if c.hold != nil {
		c.hold()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	return &fakeStream{c: c, ctx: ctx, left: c.messages}, nil
}

type fakeStream struct {
	grpc.ClientStream

	c    *conn
	ctx  context.Context
	left int
}

func (s *fakeStream) SendMsg(m any) error {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.c.sent = append(s.c.sent, m)
	return nil
}

func (s *fakeStream) CloseSend() error {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.c.closed++
	return nil
}

func (s *fakeStream) RecvMsg(any) error {
	time.Sleep(s.c.slow)
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if s.left > 0 {
		s.left--
		return nil
	}
	if s.c.err == nil {
		return io.EOF
	}
	return s.c.err
}

func (s *fakeStream) Header() (metadata.MD, error) { return metadata.Pairs("from", s.c.name), nil }
func (s *fakeStream) Trailer() metadata.MD         { return metadata.Pairs("trailer", s.c.name) }
func (s *fakeStream) Context() context.Context     { return s.ctx }

// world is a Router between a backend and its clusters.
type world struct {
	*Router

	home *conn
	log  bytes.Buffer // of the Router; read it after its calls

	mu       sync.Mutex // guards everything below
	clusters map[string]*conn
	asked    int
	answer   func(ctx context.Context, req *clusterpb.SelectClusterRequest) (string, error)
}

// newWorld returns a backend that names address for everything.
func newWorld(t *testing.T, address string) *world {
	t.Helper()
	w := &world{home: &conn{name: "home"}, clusters: map[string]*conn{}}
	w.names(address)
	w.Router = New(Config{
		Home: w.home,
		Select: func(ctx context.Context, req *clusterpb.SelectClusterRequest, _ ...grpc.CallOption) (*clusterpb.SelectClusterResponse, error) {
			w.mu.Lock()
			w.asked++
			answer := w.answer
			w.mu.Unlock()
			address, err := answer(ctx, req)
			return &clusterpb.SelectClusterResponse{ClusterEndpoint: address}, err
		},
		Dial: func(e endpoint.Endpoint, _ bool) (grpc.ClientConnInterface, error) {
			if strings.HasPrefix(e.Host, "broken.") {
				return nil, errors.New("no way there")
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.clusters[e.String()] != nil {
				t.Errorf("another connection to %s", e)
			}
			w.clusters[e.String()] = &conn{name: e.Host}
			return w.clusters[e.String()], nil
		},
		Policy:     Policy{Home: parsed(t, "flyte.example.com")},
		Transient:  func(err error) bool { return status.Code(err) == codes.Unavailable },
		Repeatable: func(method string) bool { return method == getActionData || method == tailLogs },
		Logger:     slog.New(slog.NewTextHandler(&w.log, nil)),
	})
	return w
}

// names has the backend name address for everything from now on.
func (w *world) names(address string) {
	w.answers(func(context.Context, *clusterpb.SelectClusterRequest) (string, error) { return address, nil })
}

func (w *world) answers(f func(context.Context, *clusterpb.SelectClusterRequest) (string, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = f
}

func (w *world) fails(code codes.Code) {
	w.answers(func(context.Context, *clusterpb.SelectClusterRequest) (string, error) {
		return "", status.Error(code, "no answer")
	})
}

// questions returns how often the backend was asked since the last time.
func (w *world) questions() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.asked
	w.asked = 0
	return n
}

// cluster returns the connection to a host; one without calls if there is none.
func (w *world) cluster(host string) *conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.clusters[host+":443"]; c != nil {
		return c
	}
	return &conn{}
}

func request(action string) *dataproxypb.GetActionDataRequest {
	return &dataproxypb.GetActionDataRequest{ActionId: actionID(action)}
}

func actionID(action string) *commonpb.ActionIdentifier {
	return &commonpb.ActionIdentifier{Run: &commonpb.RunIdentifier{Org: "o", Project: "p", Domain: "d", Name: "r"}, Name: action}
}

// call reads the data of an action.
func (w *world) call(ctx context.Context, action int, opts ...grpc.CallOption) error {
	return w.Invoke(ctx, getActionData, request(fmt.Sprint(action)), nil, opts...)
}

func (w *world) mustCall(t *testing.T, action int) {
	t.Helper()
	if err := w.call(t.Context(), action); err != nil {
		t.Errorf("call: %v", err)
	}
}
