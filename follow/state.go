package follow

import (
	"strings"
	"time"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// terminal reports whether p is final.
func terminal(p commonpb.ActionPhase) bool {
	switch p {
	case commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED, commonpb.ActionPhase_ACTION_PHASE_FAILED,
		commonpb.ActionPhase_ACTION_PHASE_ABORTED, commonpb.ActionPhase_ACTION_PHASE_TIMED_OUT,
		commonpb.ActionPhase_ACTION_PHASE_RECOVERED:
		return true
	default:
		return false
	}
}

// succeeded reports whether p is a good end.
func succeeded(p commonpb.ActionPhase) bool {
	return p == commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED || p == commonpb.ActionPhase_ACTION_PHASE_RECOVERED
}

// statusKey is what a change of a status changes. Watches and lists of one backend differ
// in other parts, such as the digits of a time.
type statusKey struct {
	phase    commonpb.ActionPhase
	attempts uint32
	ended    bool // it has its end time, which may follow the phase
}

func keyOfStatus(s *workflowpb.ActionStatus) statusKey {
	return statusKey{s.GetPhase(), s.GetAttempts(), s.GetEndTime() != nil}
}

// earlier reports whether an action must have been in state a before it was in b.
func (a statusKey) earlier(b statusKey) bool {
	if a.attempts != b.attempts {
		return a.attempts < b.attempts
	}
	if rank(a.phase) != rank(b.phase) {
		return rank(a.phase) < rank(b.phase)
	}
	return !a.ended && b.ended
}

// rank orders the phases of an attempt. PAUSED and RUNNING may alternate; an action can be
// aborted after its end.
func rank(p commonpb.ActionPhase) int {
	switch {
	case p == commonpb.ActionPhase_ACTION_PHASE_ABORTED:
		return 6
	case terminal(p):
		return 5
	case p == commonpb.ActionPhase_ACTION_PHASE_PAUSED:
		return int(commonpb.ActionPhase_ACTION_PHASE_RUNNING)
	default:
		return int(p)
	}
}

// newest returns the latest of the times in a status, by the server's clock.
func newest(s *workflowpb.ActionStatus) time.Time {
	t := s.GetStartTime().AsTime()
	if s.GetEndTime() != nil && s.GetEndTime().AsTime().After(t) {
		t = s.GetEndTime().AsTime()
	}
	return t
}

// runText and actionText name things in errors.
func runText(id *commonpb.RunIdentifier) string {
	return joined(id.GetOrg(), id.GetProject(), id.GetDomain(), id.GetName())
}

func actionText(id *commonpb.ActionIdentifier) string {
	return joined(runText(id.GetRun()), id.GetName())
}

func joined(parts ...string) string {
	var set []string
	for _, p := range parts {
		if p != "" {
			set = append(set, p)
		}
	}
	return strings.Join(set, "/")
}
