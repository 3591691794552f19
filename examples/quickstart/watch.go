package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jetway-go/jetway/follow"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
)

func followRun(ctx context.Context, t *tour) (string, error) {
	phases, err := watch(ctx, t)
	if err != nil {
		return "", err
	}
	return strings.Join(phases, " "), nil
}

// watch follows the run until it has ended, and returns its phases. follow.Wait does the
// same for a program that needs the end only.
func watch(ctx context.Context, t *tour) ([]string, error) {
	var seen history
	for details, err := range follow.WatchRun(ctx, t.cs.Run(), t.action.GetRun()) {
		if err != nil {
			return nil, err
		}
		seen.add(details.GetStatus().GetPhase())
		t.attempt = details.GetStatus().GetAttempts()
	}
	switch seen.last {
	case commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED, commonpb.ActionPhase_ACTION_PHASE_RECOVERED:
		return seen.names, nil
	default:
		t.attempt = 0
		return nil, fmt.Errorf("the run ended %s", nameOf(seen.last))
	}
}

// history holds the phases of an action in order. The details change more often than the
// phase, which is recorded once.
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
