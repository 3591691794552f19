package backend

import (
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

// taskName identifies a task without its version; organizations are ignored.
type taskName struct{ project, domain, name string }

// taskRow is one version of a task. A row is replaced, never changed, so that copies may
// share its messages; answers get clones.
type taskRow struct {
	taskName

	version          string
	spec             *taskpb.TaskSpec
	triggers         []*taskpb.TaskTrigger
	created, updated time.Time
}

// tasks holds the tasks in order of first deployment. Guarded by Backend.mu.
type tasks struct{ rows []taskRow }

func newTasks() *tasks { return &tasks{} }

func (t *tasks) index(name taskName, version string) int {
	return slices.IndexFunc(t.rows, func(r taskRow) bool { return r.taskName == name && r.version == version })
}

// deploy adds or replaces a version; a replaced one keeps its place and its time of
// creation.
func (t *tasks) deploy(row taskRow, now time.Time) {
	row.created, row.updated = now, now
	if i := t.index(row.taskName, row.version); i >= 0 {
		row.created = t.rows[i].created
		t.rows[i] = row
		return
	}
	t.rows = append(t.rows, row)
}

// newestFirst returns every version, the latest by first deployment first.
func (t *tasks) newestFirst() []taskRow {
	rows := slices.Clone(t.rows)
	slices.Reverse(rows)
	return rows
}

// taskSpec returns a copy of a deployed task's spec. It takes b.mu.
func (b *Backend) taskSpec(id *taskpb.TaskIdentifier) (*taskpb.TaskSpec, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.tasks.index(taskName{id.GetProject(), id.GetDomain(), id.GetName()}, id.GetVersion())
	if i < 0 {
		return nil, false
	}
	return proto.CloneOf(b.tasks.rows[i].spec), true
}

// taskTrigger returns copies of a trigger and of the identifier of the task version that
// it starts: the latest version that has the trigger. It takes b.mu.
func (b *Backend) taskTrigger(name *commonpb.TriggerName) (*taskpb.TaskIdentifier, *taskpb.TaskTrigger, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	want := taskName{name.GetProject(), name.GetDomain(), name.GetTaskName()}
	for _, row := range b.tasks.newestFirst() {
		if row.taskName != want {
			continue
		}
		for _, t := range row.triggers {
			if t.GetName() == name.GetName() {
				return row.id(), proto.CloneOf(t), true
			}
		}
	}
	return nil, nil, false
}

func (r taskRow) id() *taskpb.TaskIdentifier {
	return &taskpb.TaskIdentifier{Project: r.project, Domain: r.domain, Name: r.name, Version: r.version}
}

// shortName returns the task's name without its environment, or else the part after the
// last dot.
func (r taskRow) shortName() string {
	if env := r.spec.GetEnvironment().GetName(); env != "" {
		if short, ok := strings.CutPrefix(r.name, env+"."); ok {
			return short
		}
	}
	return r.name[strings.LastIndex(r.name, ".")+1:]
}

func (r taskRow) activeTriggers() int {
	n := 0
	for _, t := range r.triggers {
		if t.GetSpec().GetActive() {
			n++
		}
	}
	return n
}

func taskColumns() columns[taskRow] {
	cols := versionColumns()
	maps.Copy(cols, columns[taskRow]{
		"project":       func(r taskRow) any { return r.project },
		"domain":        func(r taskRow) any { return r.domain },
		"name":          func(r taskRow) any { return r.name },
		"environment":   func(r taskRow) any { return r.spec.GetEnvironment().GetName() },
		"function_name": func(r taskRow) any { return r.shortName() },
		"deployed_by":   func(taskRow) any { return "" }, // never recorded
		"updated_at":    func(r taskRow) any { return r.updated },
		"trigger_name": func(r taskRow) any {
			if len(r.triggers) == 1 {
				return r.triggers[0].GetName()
			}
			return ""
		},
		"total_triggers":    func(r taskRow) any { return int64(len(r.triggers)) },
		"active_triggers":   func(r taskRow) any { return int64(r.activeTriggers()) },
		"env_description":   func(r taskRow) any { return r.spec.GetEnvironment().GetDescription() },
		"short_description": func(r taskRow) any { return r.spec.GetDocumentation().GetShortDescription() },
	})
	return cols
}

func versionColumns() columns[taskRow] {
	return columns[taskRow]{
		"version":    func(r taskRow) any { return r.version },
		"created_at": func(r taskRow) any { return r.created },
	}
}
