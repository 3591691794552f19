package control

import (
	"context"
	"strconv"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver"
)

// maxHolds is how many holds there may be between two resets.
const maxHolds = 1 << 9

// holds gives holds names that a caller can send.
type holds struct {
	mu     sync.Mutex
	latest int
	byName map[string]*mockserver.Hold
	gone   chan struct{} // closed when they are forgotten
}

func newHolds() *holds {
	return &holds{byName: map[string]*mockserver.Hold{}, gone: make(chan struct{})}
}

// add makes a hold and names it; false if there are too many.
func (h *holds) add(hold func() *mockserver.Hold) (string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.byName) >= maxHolds {
		return "", false
	}
	h.latest++
	name := strconv.Itoa(h.latest)
	h.byName[name] = hold()
	return name, true
}

func (h *holds) find(name string) (*mockserver.Hold, <-chan struct{}, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	hold, ok := h.byName[name]
	if !ok {
		return nil, nil, refuse(codes.NotFound, ReasonUnknownHold, "there is no such hold; HoldCall returns its name, and Reset forgets it")
	}
	return hold, h.gone, nil
}

// clear forgets all holds; [mockserver.Script.Reset] has released them.
func (h *holds) clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.byName)
	close(h.gone)
	h.gone = make(chan struct{})
}

func (s *service) HoldCall(_ context.Context, req *mockpb.HoldCallRequest) (*mockpb.HoldCallResponse, error) {
	if err := s.checkMethod(req.GetMethod()); err != nil {
		return nil, err
	}
	name, ok := s.holds.add(func() *mockserver.Hold { return s.server.Script().Hold(req.GetMethod()) })
	if !ok {
		return nil, status.Error(codes.ResourceExhausted, "there are too many holds; Reset forgets them")
	}
	return &mockpb.HoldCallResponse{Hold: name}, nil
}

// AwaitCall waits for as long as its caller does.
func (s *service) AwaitCall(ctx context.Context, req *mockpb.AwaitCallRequest) (*mockpb.AwaitCallResponse, error) {
	hold, gone, err := s.holds.find(req.GetHold())
	if err != nil {
		return nil, err
	}
	select {
	case <-hold.Arrived():
		return &mockpb.AwaitCallResponse{}, nil
	case <-gone:
		return nil, refuse(codes.Aborted, ReasonReset, "Reset has released the hold before a call arrived")
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

func (s *service) ReleaseCall(_ context.Context, req *mockpb.ReleaseCallRequest) (*mockpb.ReleaseCallResponse, error) {
	hold, _, err := s.holds.find(req.GetHold())
	if err != nil {
		return nil, err
	}
	hold.Release()
	return &mockpb.ReleaseCallResponse{}, nil
}
