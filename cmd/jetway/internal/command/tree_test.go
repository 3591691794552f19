package command

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func action(name, parent string, p commonpb.ActionPhase) *workflowpb.Action {
	ms := uint64(5000)
	return &workflowpb.Action{
		Id:       &commonpb.ActionIdentifier{Name: name},
		Metadata: &workflowpb.ActionMetadata{Parent: parent},
		Status:   &workflowpb.ActionStatus{Phase: p, DurationMs: &ms},
	}
}

const (
	succeeded = commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED
	failed    = commonpb.ActionPhase_ACTION_PHASE_FAILED
	running   = commonpb.ActionPhase_ACTION_PHASE_RUNNING
	queued    = commonpb.ActionPhase_ACTION_PHASE_QUEUED
)

func planted(actions ...*workflowpb.Action) *tree {
	t := &tree{}
	for _, a := range actions {
		t.put(a)
	}
	return t
}

func TestTreeShowsEachActionBelowItsParent(t *testing.T) {
	t.Parallel()
	tr := planted(
		action("a0", "", running), action("a1", "a0", succeeded), action("a3", "a1", failed), action("a2", "a0", queued),
	)
	tr.actions["a2"].Status.Attempts = 2
	tr.actions["a2"].Metadata.FuntionName = "fit"
	tr.log("a1", "10%\r20%\r30%\n")
	want := []string{
		"● a0  running  5s",
		"├─ ✓ a1  succeeded  5s  30%",
		"│  └─ ✗ a3  failed  5s",
		"└─ ○ a2  queued  fit  attempt 2  5s",
	}
	if got := tr.lines(10); !slices.Equal(got, want) {
		t.Errorf("tree\n%s, want\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTreeShowsEveryActionOnceWhateverTheServerSends(t *testing.T) {
	t.Parallel()
	var deep []*workflowpb.Action
	for i := range 5000 {
		deep = append(deep, action(fmt.Sprint("d", i), fmt.Sprint("d", i-1), running))
	}
	for name, actions := range map[string][]*workflowpb.Action{
		"its own parent":        {action("a", "a", running)},
		"a circle of two":       {action("a", "b", running), action("b", "a", running)},
		"a circle and a root":   {action("a0", "", running), action("b", "c", running), action("c", "d", succeeded), action("d", "b", running)},
		"children first":        {action("b", "a", running), action("a", "", running)},
		"no parent":             {action("b", "gone", running)},
		"very deep":             deep,
		"a name like a command": {action("\x1b[2J", "", running), action("x\ny", "\x1b[2J", running)},
		"without a name":        {action("", "", running), action("a", "", running)},
		"without anything":      {{}, nil},
		"an unknown phase":      {action("a", "", 99)},
	} {
		tr := planted(actions...)
		began := time.Now()
		lines := tr.lines(1 << 20)
		if len(lines) != len(tr.order) {
			t.Errorf("%s: %d lines for %d actions: %.200q", name, len(lines), len(tr.order), lines)
		}
		for _, line := range lines {
			if len(line) > 200 {
				t.Errorf("%s: a line of %d bytes", name, len(line))
				break
			}
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

func TestTreeKeepsWhatIsNotDoneWhereThereIsNoRoomForAll(t *testing.T) {
	t.Parallel()
	tr := planted(action("a0", "", running))
	for i := range 50 {
		tr.put(action(fmt.Sprint("s", i), "a0", succeeded))
	}
	tr.put(action("group", "a0", succeeded))
	tr.put(action("bad", "group", failed))
	tr.put(action("last", "a0", running))
	want := []string{
		"● a0  running  5s", "├─ ✓ group  succeeded  5s", "│  └─ ✗ bad  failed  5s", "└─ ● last  running  5s", "… 50 more",
	}
	if got := tr.lines(6); !slices.Equal(got, want) {
		t.Errorf("tree\n%s, want\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := tr.lines(3); len(got) != 3 || got[2] != "… 52 more" {
		t.Errorf("three lines: %q", got)
	}
}
