package backend

import (
	"cmp"
	"maps"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

// taskName identifies a task without its version; organizations are ignored.
type taskName struct{ project, domain, name string }

func nameOf(id *taskpb.TaskIdentifier) taskName {
	return taskName{id.GetProject(), id.GetDomain(), id.GetName()}
}

// task is a task with its versions.
type task struct {
	versions []taskRow // in order of first deployment
	places   map[string]int
	rank     int               // how many versions of any task were deployed before the latest
	sets     []*ordered[*task] // that it is in
}

func (t *task) latest() taskRow { return t.versions[len(t.versions)-1] }

// taskRow is one version of a task. A row is replaced, never changed, so that copies may
// share its messages; answers get clones.
type taskRow struct {
	taskName

	version          string
	number           int // how many versions of any task were deployed before it
	spec             *taskpb.TaskSpec
	triggers         []*taskpb.TaskTrigger // name, activity and automation of each
	created, updated time.Time
}

// tasks holds the tasks. Guarded by Backend.mu.
type tasks struct {
	keeper   kept.Keeper
	byName   map[taskName]*task
	table    *table[*task] // the one whose latest version was first deployed last comes first
	deployed int           // how many versions there are
	visits   int           // rows that calls have looked at
}

func newTasks() *tasks {
	t := &tasks{keeper: kept.Off{}, byName: map[taskName]*task{}}
	t.table = newTable(taskColumns(), func(x, y *task) int { return cmp.Compare(y.rank, x.rank) }, &t.visits,
		nil,
		[]string{"project"}, []string{"domain"}, []string{"name"},
		[]string{"project", "domain"}, []string{"project", "name"}, []string{"domain", "name"},
		[]string{"project", "domain", "name"},
	)
	return t
}

// find returns a version of a task.
func (t *tasks) find(id *taskpb.TaskIdentifier) (taskRow, bool) {
	return t.row(nameOf(id), id.GetVersion())
}

func (t *tasks) row(name taskName, version string) (taskRow, bool) {
	if own := t.byName[name]; own != nil {
		if i, ok := own.places[version]; ok {
			return own.versions[i], true
		}
	}
	return taskRow{}, false
}

// deploy adds or replaces a version; a replaced one keeps its place and its time of
// creation.
func (t *tasks) deploy(row taskRow, now time.Time) {
	row.created, row.updated, row.number = now, now, t.deployed
	if old, ok := t.row(row.taskName, row.version); ok {
		row.created, row.number = old.created, old.number
	}
	t.put(row)
	t.keeper.Keep(row.change())
}

// put adds a version of a task, or replaces it.
func (t *tasks) put(row taskRow) {
	own := t.byName[row.taskName]
	if own == nil {
		own = &task{places: map[string]int{}}
		t.byName[row.taskName] = own
	}
	if i, ok := own.places[row.version]; ok {
		own.versions[i] = row
		return
	}
	for _, set := range own.sets {
		set.remove(own)
	}
	own.places[row.version] = len(own.versions)
	own.versions = append(own.versions, row)
	own.rank = row.number
	t.deployed = row.number + 1
	own.sets = t.table.add(own)
}

// taskSpec returns a copy of a deployed task's spec. It takes b.mu.
func (b *Backend) taskSpec(id *taskpb.TaskIdentifier) (*taskpb.TaskSpec, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	row, ok := b.tasks.find(id)
	return proto.CloneOf(row.spec), ok
}

// show makes a version show its triggers; a version that is not deployed shows nothing.
func (t *tasks) show(name taskName, version string, own []*taskpb.TaskTrigger) {
	if task := t.byName[name]; task != nil {
		if i, ok := task.places[version]; ok {
			if len(own) == 0 && len(task.versions[i].triggers) == 0 {
				return
			}
			task.versions[i].triggers = own
			t.keeper.Keep(task.versions[i].change())
		}
	}
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
	return lastSegment(r.name)
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

// taskColumns are those of listings of tasks, of which each shows its latest version.
func taskColumns() columns[*task] {
	cols := columns[taskRow]{
		"project":       textColumn(func(r taskRow) string { return r.project }),
		"domain":        textColumn(func(r taskRow) string { return r.domain }),
		"name":          textColumn(func(r taskRow) string { return r.name }),
		"environment":   textColumn(func(r taskRow) string { return r.spec.GetEnvironment().GetName() }),
		"function_name": textColumn(taskRow.shortName),
		"deployed_by":   textColumn(func(taskRow) string { return "" }), // never recorded
		"updated_at":    timeColumn(func(r taskRow) time.Time { return r.updated }),
		"trigger_name": textColumn(func(r taskRow) string {
			if len(r.triggers) == 1 {
				return r.triggers[0].GetName()
			}
			return ""
		}),
		"total_triggers":    numberColumn(func(r taskRow) int64 { return int64(len(r.triggers)) }),
		"active_triggers":   numberColumn(func(r taskRow) int64 { return int64(r.activeTriggers()) }),
		"env_description":   textColumn(func(r taskRow) string { return r.spec.GetEnvironment().GetDescription() }),
		"short_description": textColumn(func(r taskRow) string { return r.spec.GetDocumentation().GetShortDescription() }),
	}
	maps.Copy(cols, versionColumns())
	out := columns[*task]{}
	for name, col := range cols {
		out[name] = column[*task]{col.kind, func(t *task) any { return col.get(t.latest()) }}
	}
	return out
}

// versionColumns are those of listings of one task's versions.
func versionColumns() columns[taskRow] {
	return columns[taskRow]{
		"version":    textColumn(func(r taskRow) string { return r.version }),
		"created_at": timeColumn(func(r taskRow) time.Time { return r.created }),
	}
}
