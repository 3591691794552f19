package backend

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
)

const (
	// watchBuffer is how many events a watch keeps for a slow reader, who loses the others.
	watchBuffer = 100
	// repeatAfter is when a watch repeats the state of its app if nothing has happened: a
	// client that looks at updates only, as Flyte's own does, would wait for ever.
	repeatAfter = time.Second
)

// appWatch is one open watch.
type appWatch struct {
	match  func(*app) bool
	events chan *apppb.WatchResponse
}

// Watch sends the app, if it exists, as created, and then what happens to it, without an
// end: an app may be created again.
func (s *appServer) Watch(req *apppb.WatchRequest, stream grpc.ServerStreamingServer[apppb.WatchResponse]) error {
	s.mu.Lock()
	exists, match, err := s.watched(req)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	w := &appWatch{match: match, events: make(chan *apppb.WatchResponse, watchBuffer)}
	s.watches[w] = true
	var now []*apppb.WatchResponse
	for _, a := range s.sorted() {
		if exists(a) {
			now = append(now, &apppb.WatchResponse{Event: &apppb.WatchResponse_CreateEvent{CreateEvent: &apppb.CreateEvent{App: s.message(a)}}})
		}
	}
	s.mu.Unlock()
	defer s.forget(w)
	for _, m := range now {
		if err := stream.Send(m); err != nil {
			return err
		}
	}
	return s.pass(w, appKeyOf(req.GetAppId()), stream)
}

// pass sends the events of w.
func (s *appServer) pass(w *appWatch, key appKey, stream grpc.ServerStreamingServer[apppb.WatchResponse]) error {
	ctx := stream.Context()
	end, stop := s.b.runs.cleanEnd(ctx)
	defer stop()
	quiet := time.NewTimer(repeatAfter)
	defer quiet.Stop()
	for {
		var m *apppb.WatchResponse
		select {
		case m = <-w.events:
			quiet.Stop()
		case <-quiet.C:
			if m = s.repeated(key); m == nil {
				continue
			}
		case <-end:
			return nil
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		case <-s.done:
			return errClosing()
		}
		if err := stream.Send(m); err != nil {
			return err
		}
	}
}

// watched returns which apps a new watch sends at first, and which it sends events of. An
// open-source server compares the names of those only. The caller holds s.mu.
func (s *apps) watched(req *apppb.WatchRequest) (exists, match func(*app) bool, err error) {
	id := req.GetAppId()
	switch {
	case id.GetName() != "":
		key := appKeyOf(id)
		whole := func(a *app) bool { return a.key == key }
		if s.b.cfg.Strict || s.cfg.Hosted {
			return whole, whole, nil
		}
		return whole, func(a *app) bool { return a.key.name == key.name }, nil
	case id == nil && req.GetTarget() != nil:
		match, err := s.scope(req.GetOrg(), req.GetClusterId(), req.GetProject())
		return match, match, err
	case s.b.cfg.Strict:
		return nil, nil, status.Error(codes.InvalidArgument, "app_id with a name is required")
	default: // all apps, once
		return func(*app) bool { return true }, func(*app) bool { return false }, nil
	}
}

// repeated returns the update that repeats the app's state; nil if it does not exist.
func (s *apps) repeated(key appKey) *apppb.WatchResponse {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.byKey[key]; a != nil {
		return s.updated(a)
	}
	return nil
}

func (s *apps) forget(w *appWatch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watches, w)
}

// tellUpdated tells those who watch a that it has changed. The caller holds s.mu.
func (s *apps) tellUpdated(a *app) { s.tell(a, s.updated(a)) }

func (s *apps) updated(a *app) *apppb.WatchResponse {
	return &apppb.WatchResponse{Event: &apppb.WatchResponse_UpdateEvent{UpdateEvent: &apppb.UpdateEvent{UpdatedApp: s.message(a)}}}
}

// tell sends an event of a to those who watch it and keep up. Nothing may change m
// afterwards. The caller holds s.mu.
func (s *apps) tell(a *app, m *apppb.WatchResponse) {
	for w := range s.watches {
		if !w.match(a) {
			continue
		}
		select {
		case w.events <- m:
		default:
		}
	}
}
