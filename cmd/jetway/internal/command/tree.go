package command

import (
	"fmt"
	"strings"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// tree holds the actions of a run, each below its parent, in the order in which they came.
// The zero value is empty.
type tree struct {
	order   []string
	actions map[string]*workflowpb.Action
	logs    map[string]string // last lines
}

// put takes in an action's latest state; one without a name has no place.
func (t *tree) put(a *workflowpb.Action) {
	name := a.GetId().GetName()
	if name == "" {
		return
	}
	if t.actions == nil {
		t.actions = map[string]*workflowpb.Action{}
	}
	if _, there := t.actions[name]; !there {
		t.order = append(t.order, name)
	}
	t.actions[name] = a
}

// log takes in the latest line of an action's log. Of a bar that a program draws over and
// over, that is what is behind the last return.
func (t *tree) log(name, line string) {
	line = strings.TrimSpace(line)
	if t.logs == nil {
		t.logs = map[string]string{}
	}
	t.logs[name] = line[strings.LastIndexByte(line, '\r')+1:]
}

// leaf is a line of the tree.
type leaf struct {
	name, indent string
	needed       bool // is not done, or failed, or has such a one below it
}

// lines returns the tree as text, at most as many lines as that. Where it is longer,
// actions that are done and well make room first, and the last line counts what is missing.
func (t *tree) lines(most int) []string {
	all := t.leaves()
	missing := 0
	if len(all) > most {
		some := make([]leaf, 0, most)
		for _, l := range all {
			if l.needed && len(some) < most-1 {
				some = append(some, l)
			}
		}
		all, missing = some, len(all)-len(some)
	}
	out := make([]string, 0, len(all)+1)
	for _, l := range all {
		out = append(out, l.indent+t.line(l.name))
	}
	if missing > 0 {
		out = append(out, fmt.Sprintf("… %d more", missing))
	}
	return out
}

// maxDepth is how deep lines are indented: a terminal shows no more.
const maxDepth = 24

// leaves returns the actions from the root down. An action whose parent has not come, or
// that is in a circle of a server's making, is a root, too.
func (t *tree) leaves() []leaf {
	below := map[string][]string{}
	for _, name := range t.order {
		parent := t.actions[name].GetMetadata().GetParent()
		if _, there := t.actions[parent]; !there || parent == name {
			parent = ""
		}
		below[parent] = append(below[parent], name)
	}
	w := walk{tree: t, below: below, seen: make(map[string]bool, len(t.order))}
	for _, name := range below[""] {
		w.add(name, "", "", 0)
	}
	for _, name := range t.order {
		w.add(name, "", "", 0)
	}
	return w.out
}

// walk goes through a tree once.
type walk struct {
	tree  *tree
	below map[string][]string
	seen  map[string]bool
	out   []leaf
}

// add adds an action and those below it, and reports whether one of them is needed.
func (w *walk) add(name, indent, under string, depth int) bool {
	if w.seen[name] {
		return false
	}
	w.seen[name] = true
	at := len(w.out)
	w.out = append(w.out, leaf{name: name, indent: indent})
	needed := !well(w.tree.actions[name].GetStatus().GetPhase())
	children := w.below[name]
	for i, child := range children {
		branch, further := "├─ ", "│  "
		if i == len(children)-1 {
			branch, further = "└─ ", "   "
		}
		if depth >= maxDepth {
			further = ""
		}
		if w.add(child, under+branch, under+further, depth+1) {
			needed = true
		}
	}
	w.out[at].needed = needed
	return needed
}

func (t *tree) line(name string) string {
	a := t.actions[name]
	s := a.GetStatus()
	text := fmt.Sprintf("%s %s  %s", mark(s.GetPhase()), name, phase(s.GetPhase()))
	if f := a.GetMetadata().GetFuntionName(); f != "" {
		text += "  " + f
	}
	if n := s.GetAttempts(); n > 1 {
		text += fmt.Sprintf("  attempt %d", n)
	}
	text += "  " + took(s)
	if last := t.logs[name]; last != "" {
		text += "  " + last
	}
	return text
}

// mark is a phase at a glance.
func mark(p commonpb.ActionPhase) string {
	switch {
	case well(p):
		return "✓"
	case ended(p):
		return "✗"
	case p == commonpb.ActionPhase_ACTION_PHASE_RUNNING:
		return "●"
	default:
		return "○"
	}
}

// well reports whether an action has ended as it should.
func well(p commonpb.ActionPhase) bool {
	return p == commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED || p == commonpb.ActionPhase_ACTION_PHASE_RECOVERED
}

// ended reports whether a phase is the last one.
func ended(p commonpb.ActionPhase) bool {
	switch p {
	case commonpb.ActionPhase_ACTION_PHASE_FAILED, commonpb.ActionPhase_ACTION_PHASE_ABORTED, commonpb.ActionPhase_ACTION_PHASE_TIMED_OUT:
		return true
	default:
		return well(p)
	}
}
