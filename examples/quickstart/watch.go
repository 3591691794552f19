package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// Pauses between two polls of a run whose watch has ended: the first, doubled after each
// poll, and the longest.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = 2 * time.Second
)

func watchRun(ctx context.Context, t *tour) (string, error) {
	phases, err := watch(ctx, t)
	if err != nil {
		return "", err
	}
	return strings.Join(phases, " "), nil
}

// watch watches the run's root action until it is finished, and returns its phases.
//
// The end of the stream is not the end of the run: a backend ends the stream with the
// last attempt, mostly before it updates the action's status, and a failed attempt may be
// followed by another. Only a terminal status counts.
func watch(ctx context.Context, t *tour) ([]string, error) {
	var seen history
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		if err := follow(ctx, t, &seen); err != nil {
			return nil, err
		}
		now, err := t.cs.Run().GetActionDetails(ctx, &workflowpb.GetActionDetailsRequest{ActionId: t.action})
		if err != nil {
			return nil, err
		}
		status := now.GetDetails().GetStatus()
		seen.add(status.GetPhase())
		switch status.GetPhase() {
		case commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED, commonpb.ActionPhase_ACTION_PHASE_RECOVERED:
			t.attempt = status.GetAttempts()
			return seen.names, nil
		case commonpb.ActionPhase_ACTION_PHASE_FAILED, commonpb.ActionPhase_ACTION_PHASE_ABORTED,
			commonpb.ActionPhase_ACTION_PHASE_TIMED_OUT:
			return nil, fmt.Errorf("the run ended %s", nameOf(status.GetPhase()))
		default:
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, fmt.Errorf("the run is still %s: %w", nameOf(status.GetPhase()), ctx.Err())
		}
	}
}

// follow reads one watch to its end.
func follow(ctx context.Context, t *tour, seen *history) error {
	stream, err := t.cs.Run().WatchActionDetails(ctx, &workflowpb.WatchActionDetailsRequest{ActionId: t.action})
	if err != nil {
		return err
	}
	for {
		message, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		seen.add(message.GetDetails().GetStatus().GetPhase())
	}
}

// history holds the phases of an action in order. Backends send a phase several times; it
// is recorded once.
type history struct {
	last  commonpb.ActionPhase
	names []string
}

func (h *history) add(phase commonpb.ActionPhase) {
	if phase != h.last {
		h.last, h.names = phase, append(h.names, nameOf(phase))
	}
}

func nameOf(phase commonpb.ActionPhase) string {
	name := strings.TrimPrefix(phase.String(), "ACTION_PHASE_")
	return strings.ToLower(strings.ReplaceAll(name, "_", "-"))
}
