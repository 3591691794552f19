package backend

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	triggerpb "github.com/jetway-go/jetway/gen/flyteidl2/trigger"
	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

// triggerKey identifies a trigger without its revision; organizations are ignored.
type triggerKey struct{ project, domain, task, name string }

func triggerKeyOf(n *commonpb.TriggerName) triggerKey {
	return triggerKey{n.GetProject(), n.GetDomain(), n.GetTaskName(), n.GetName()}
}

func (k triggerKey) compare(o triggerKey) int {
	return cmp.Or(cmp.Compare(k.project, o.project), cmp.Compare(k.domain, o.domain),
		cmp.Compare(k.task, o.task), cmp.Compare(k.name, o.name))
}

func (k triggerKey) taskName() taskName { return taskName{k.project, k.domain, k.task} }

// triggerRow is one revision of a trigger. A row is replaced, never changed, so that copies may
// share its messages; answers get clones.
type triggerRow struct {
	triggerKey

	revision   uint64
	spec       *triggerpb.TriggerSpec
	automation *taskpb.TriggerAutomationSpec
	active     bool
	action     triggerpb.TriggerRevisionAction // that made the revision

	// Zero if it did not happen. It was updated when it was last switched on or off.
	deployed, updated, triggered, deleted time.Time
}

func (r triggerRow) exists() bool { return r.revision > 0 && r.deleted.IsZero() }

// triggers holds all triggers in all their revisions, oldest first; the first revision is 1.
// Guarded by Backend.mu.
type triggers struct {
	keeper kept.Keeper
	byKey  map[triggerKey][]triggerRow
	byTask map[taskName][]triggerKey // in no order
}

func newTriggers() *triggers {
	return &triggers{kept.Off{}, map[triggerKey][]triggerRow{}, map[taskName][]triggerKey{}}
}

// latest returns the newest revision of a trigger, which may have been deleted; revision 0 means
// that there is none.
func (t *triggers) latest(key triggerKey) triggerRow {
	if rows := t.byKey[key]; len(rows) > 0 {
		return rows[len(rows)-1]
	}
	return triggerRow{triggerKey: key}
}

// find returns a trigger that exists. Without the name of a task it is any one of its name.
func (t *triggers) find(key triggerKey) (triggerRow, bool) {
	if key.task != "" || key.name == "" {
		row := t.latest(key)
		return row, row.exists()
	}
	for _, row := range t.all() {
		if row.project == key.project && row.domain == key.domain && row.name == key.name {
			return row, true
		}
	}
	return triggerRow{}, false
}

// all returns the triggers that exist, in the order of their keys.
func (t *triggers) all() []triggerRow { return t.existing(maps.Keys(t.byKey)) }

// ofTask returns those of a task, whatever its version.
func (t *triggers) ofTask(name taskName) []triggerRow {
	return t.existing(slices.Values(t.byTask[name]))
}

func (t *triggers) existing(keys iter.Seq[triggerKey]) []triggerRow {
	var rows []triggerRow
	for key := range keys {
		if row := t.latest(key); row.exists() {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b triggerRow) int { return a.compare(b.triggerKey) })
	return rows
}

// deploy adds a revision that replaces what there was, deleted or not.
func (t *triggers) deploy(
	key triggerKey, spec *triggerpb.TriggerSpec, automation *taskpb.TriggerAutomationSpec, now time.Time,
) triggerRow {
	row := t.latest(key)
	if row.revision == 0 || row.active != spec.GetActive() {
		row.updated = now
	}
	row.spec, row.automation, row.active = spec, automation, spec.GetActive()
	row.deployed, row.deleted = now, time.Time{}
	return t.add(row, triggerpb.TriggerRevisionAction_TRIGGER_REVISION_ACTION_DEPLOY)
}

// turn switches a trigger on or off; one that is so already, or does not exist, gets no revision.
func (t *triggers) turn(key triggerKey, on bool, now time.Time) (changed bool) {
	row := t.latest(key)
	if !row.exists() || row.active == on {
		return false
	}
	row.active, row.updated = on, now
	action := triggerpb.TriggerRevisionAction_TRIGGER_REVISION_ACTION_DEACTIVATE
	if on {
		action = triggerpb.TriggerRevisionAction_TRIGGER_REVISION_ACTION_ACTIVATE
	}
	t.add(row, action)
	return true
}

// remove deletes a trigger; one that does not exist gets no revision.
func (t *triggers) remove(key triggerKey, now time.Time) (changed bool) {
	row := t.latest(key)
	if !row.exists() {
		return false
	}
	row.active, row.deleted = false, now
	t.add(row, triggerpb.TriggerRevisionAction_TRIGGER_REVISION_ACTION_DELETE)
	return true
}

func (t *triggers) add(row triggerRow, action triggerpb.TriggerRevisionAction) triggerRow {
	if row.revision == 0 {
		t.byTask[row.taskName()] = append(t.byTask[row.taskName()], row.triggerKey)
	}
	row.revision++
	row.action = action
	t.byKey[row.triggerKey] = append(t.byKey[row.triggerKey], row)
	t.keeper.Keep(row.change())
	return row
}

// fired records when a trigger started a run; that makes no revision.
func (t *triggers) fired(key triggerKey, at time.Time) {
	if rows := t.byKey[key]; len(rows) > 0 {
		rows[len(rows)-1].triggered = at
		t.keeper.Keep(rows[len(rows)-1].change())
	}
}

// of returns the triggers of one version of a task.
func (t *triggers) of(name taskName, version string) []*taskpb.TaskTrigger {
	var own []*taskpb.TaskTrigger
	for _, row := range t.ofTask(name) {
		if row.spec.GetTaskVersion() == version {
			own = append(own, &taskpb.TaskTrigger{
				Name: row.name, Spec: &taskpb.TaskTriggerSpec{Active: row.active}, AutomationSpec: row.automation,
			})
		}
	}
	return own
}

func (r triggerRow) id() *commonpb.TriggerIdentifier {
	return &commonpb.TriggerIdentifier{Revision: r.revision, Name: &commonpb.TriggerName{
		Project: r.project, Domain: r.domain, TaskName: r.task, Name: r.name,
	}}
}

func (r triggerRow) status() *triggerpb.TriggerStatus {
	return &triggerpb.TriggerStatus{
		DeployedAt: stampUnlessZero(r.deployed), UpdatedAt: stampUnlessZero(r.updated),
		TriggeredAt: stampUnlessZero(r.triggered), DeletedAt: stampUnlessZero(r.deleted),
	}
}

func (r triggerRow) details() *triggerpb.TriggerDetails {
	spec := proto.CloneOf(r.spec)
	spec.Active = r.active
	return &triggerpb.TriggerDetails{
		Id: r.id(), Spec: spec, Status: r.status(), AutomationSpec: proto.CloneOf(r.automation),
	}
}

func stampUnlessZero(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
