package clientset_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/backend"
)

// tail begins a stream that stays open until the run behind it is advanced, and
// waits for its first message.
func tail(ctx context.Context, t *testing.T, s *mockserver.Server, cs *clientset.ClientSet) workflowpb.RunLogsService_TailLogsClient {
	t.Helper()
	s.Backend().SetTimeline("", backend.Timeline{Steps: []backend.Step{
		{Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING, Logs: []string{"first"}},
		{Manual: true, Phase: commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED, Logs: []string{"last"}},
	}})
	created, err := cs.Run().CreateRun(ctx, &workflowpb.CreateRunRequest{
		Id:   &workflowpb.CreateRunRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: project, Domain: "development"}},
		Task: &workflowpb.CreateRunRequest_TaskSpec{TaskSpec: &taskpb.TaskSpec{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for { // the first lines may take a moment
		stream, err := cs.Logs().TailLogs(ctx, &workflowpb.TailLogsRequest{ActionId: created.GetRun().GetAction().GetId(), Attempt: 1}) //nolint:staticcheck // all there is in its service
		if err == nil {
			_, err = stream.Recv()
		}
		switch {
		case err == nil:
			return stream
		case status.Code(err) != codes.NotFound:
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
}

func refusesCalls(t *testing.T, cs *clientset.ClientSet) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel() // a stream that got through by mistake would hold Shutdown up for ever
	_, streamErr := cs.Run().WatchRuns(ctx, &workflowpb.WatchRunsRequest{})
	for what, err := range map[string]error{"call": list(ctx, cs), "stream": streamErr, "login": cs.Login(ctx)} {
		if !errors.Is(err, clientset.ErrClosed) || status.Code(err) != codes.Unavailable {
			t.Errorf("%s: %v, want ErrClosed as Unavailable", what, err)
		}
	}
}

func TestShutdownLetsCallsAndStreamsFinish(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := quiet(t, mockserver.WithInMemory())
		cs := connect(t, s)
		stream := tail(soon(t), t, s, cs)
		held := s.Script().Hold(listProjects)
		call := make(chan error, 1)
		go func() { call <- list(soon(t), cs) }()
		synctest.Wait()
		s.ResetRequests()

		// When the program shuts down with a call and a stream under way ...
		done := make(chan error, 1)
		go func() { done <- cs.Shutdown(soon(t)) }()
		running := func(what string) {
			t.Helper()
			synctest.Wait()
			select {
			case err := <-done:
				t.Fatalf("Shutdown came back with %s under way: %v", what, err)
			default:
			}
		}
		running("a call and a stream")
		refusesCalls(t, cs)

		// ... then the call goes on, even when it needs a new token for it, ...
		s.Script().RevokeTokens()
		held.Release()
		if err := <-call; err != nil {
			t.Errorf("the call under way: %v", err)
		}
		if n := s.TokenRequests(); n != 1 {
			t.Errorf("%d token requests, want 1", n)
		}
		running("a stream")

		// ... the stream goes on to its end, ...
		s.Backend().Advance()
		if _, err := stream.Recv(); err != nil {
			t.Errorf("the stream under way: %v", err)
		}
		if _, err := stream.Recv(); err != io.EOF { //nolint:errorlint // generated code and callers compare with ==
			t.Errorf("the stream ended with %v, want io.EOF itself", err)
		}

		// ... and Shutdown ends with the last of them.
		if err := <-done; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		refusesCalls(t, cs)
	})
}

func TestShutdownEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := quiet(t, mockserver.WithInMemory())
		cs := connect(t, s)
		stream := tail(soon(t), t, s, cs)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		if err := cs.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) || status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("Shutdown = %v, want DeadlineExceeded", err)
		}
		if took := time.Since(begun); took != time.Second {
			t.Errorf("Shutdown took %v, want the second that it was given", took)
		}
		_, err := stream.Recv()
		for err == nil {
			_, err = stream.Recv()
		}
		if !errors.Is(err, clientset.ErrClosed) || status.Code(err) != codes.Unavailable {
			t.Errorf("the stream ended with %v, want ErrClosed", err)
		}
	})
}

// With nothing to wait for, it does not matter that there is no time to wait.
func TestShutdownOfAnIdleClientIgnoresItsContext(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 {
		cs := made(t)(clientset.ForEndpoint("h"))
		if err := cs.Shutdown(ended); err != nil {
			t.Fatal(err)
		}
	}
}

func TestShutdownDoesNotWaitForStreamsThatEnded(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *mockserver.Server, *clientset.ClientSet){
		"abandoned with its context": func(t *testing.T, s *mockserver.Server, cs *clientset.ClientSet) {
			ctx, cancel := context.WithCancel(soon(t))
			tail(ctx, t, s, cs)
			cancel()
		},
		"refused by the server": func(t *testing.T, s *mockserver.Server, cs *clientset.ClientSet) {
			s.Script().FailNext("*", 1, codes.PermissionDenied, "scripted")
			stream, err := cs.Run().WatchRuns(soon(t), &workflowpb.WatchRunsRequest{})
			if err == nil {
				_, err = stream.Recv()
			}
			if status.Code(err) != codes.PermissionDenied {
				t.Errorf("%v, want PermissionDenied", err)
			}
		},
		"never begun": func(t *testing.T, _ *mockserver.Server, cs *clientset.ClientSet) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := cs.Run().WatchRuns(ctx, &workflowpb.WatchRunsRequest{}); status.Code(err) != codes.Canceled {
				t.Errorf("%v, want Canceled", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := quiet(t)
			cs := connect(t, s)
			end(t, s, cs)
			if err := cs.Shutdown(soon(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCloseIsIdempotentAndSafeAtAnyTime(t *testing.T) {
	t.Parallel()
	cs := connect(t, quiet(t))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for {
				err := list(soon(t), cs)
				if errors.Is(err, clientset.ErrClosed) {
					return
				}
				if err != nil && status.Code(err) != codes.Unavailable {
					t.Errorf("a call during Close: %v, want ErrClosed", err)
					return
				}
			}
		})
	}
	if err := list(soon(t), cs); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		wg.Go(func() {
			if err := cs.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := cs.Shutdown(soon(t)); err != nil {
		t.Errorf("Shutdown after Close: %v", err)
	}
	refusesCalls(t, cs)
}

func TestCloseDoesNotCloseWhatTheProgramGave(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	first := connect(t, s)
	second := made(t)(clientset.ForEndpoint("http://"+s.Endpoint(), clientset.WithAuthenticator(first.Authenticator())))
	if err := list(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if n := s.TokenRequests(); n != 1 {
		t.Errorf("%d token requests, want 1: the login is shared", n)
	}
	s.Script().RevokeTokens()
	if err := list(t.Context(), first); err != nil {
		t.Errorf("the shared login was closed: %v", err)
	}
}
