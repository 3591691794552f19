package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
)

// revokedDuringCall revokes the access token during a call, so that the server rejects
// the call. The client logs in again and retries it.
func revokedDuringCall(ctx context.Context, t *tour) (string, error) {
	waiting := t.mock.Script().Hold(projectpb.ProjectService_GetProject_FullMethodName)
	go revokeThen(ctx, t, waiting)
	answer, err := t.cs.Project().GetProject(ctx, &projectpb.GetProjectRequest{Id: t.project.GetName()})
	if err != nil {
		return "", err
	}
	return "rejected, logged in again, got project " + answer.GetProject().GetId(), nil
}

// revokedBeforeStream revokes the access token between the start of a stream and its first
// message.
func revokedBeforeStream(ctx context.Context, t *tour) (string, error) {
	waiting := t.mock.Script().Hold(workflowpb.RunService_WatchActionDetails_FullMethodName)
	go revokeThen(ctx, t, waiting)
	phases, err := watch(ctx, t)
	if err != nil {
		return "", err
	}
	return "rejected, logged in again, saw the run " + phases[len(phases)-1], nil
}

// revokeThen revokes every access token once a call waits on the server, then releases
// the call.
func revokeThen(ctx context.Context, t *tour, waiting *mockserver.Hold) {
	defer waiting.Release()
	select {
	case <-waiting.Arrived():
		t.mock.Script().RevokeTokens()
	case <-ctx.Done():
	}
}

// revokedUnderLoad makes a thousand calls at once with an access token that has just been
// revoked.
func revokedUnderLoad(ctx context.Context, t *tour) (string, error) {
	const n = 1000
	t.mock.Script().RevokeTokens()
	var failed atomic.Int64
	var first error
	var once sync.Once
	var calls sync.WaitGroup
	for range n {
		calls.Go(func() {
			if _, err := t.cs.Project().ListProjects(ctx, &projectpb.ListProjectsRequest{}); err != nil {
				failed.Add(1)
				once.Do(func() { first = err })
			}
		})
	}
	calls.Wait()
	if first != nil {
		return "", fmt.Errorf("%d of %d calls failed, the first: %w", failed.Load(), n, first)
	}
	return fmt.Sprintf("%d calls at once, none failed", n), nil
}

// shutDown waits for calls under way; later calls fail with [clientset.ErrClosed].
func shutDown(ctx context.Context, t *tour) (string, error) {
	if err := t.cs.Shutdown(ctx); err != nil {
		return "", err
	}
	if _, err := listProjects(ctx, t); !errors.Is(err, clientset.ErrClosed) {
		return "", errors.Join(errors.New("a call afterwards was not refused"), err)
	}
	return "no call under way, further calls are refused", nil
}
