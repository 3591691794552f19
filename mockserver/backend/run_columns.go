package backend

import (
	"cmp"
	"time"
)

// taskNameColumn is the column of the full name of a run's or an action's task.
const taskNameColumn = "task_name"

// actionColumns are the columns by which runs, that is root actions, and the actions of a
// run can be filtered and sorted.
func actionColumns() columns[*action] {
	return columns[*action]{
		"project":            textColumn(func(a *action) string { return a.run.key.project }),
		"domain":             textColumn(func(a *action) string { return a.run.key.domain }),
		"run_name":           textColumn(func(a *action) string { return a.run.key.name }),
		"phase":              numberColumn(func(a *action) int64 { return int64(a.phase()) }),
		"action_type":        numberColumn(func(a *action) int64 { return int64(a.details.GetMetadata().GetActionType()) }),
		"run_source":         textColumn(func(a *action) string { return a.details.GetMetadata().GetSource().String() }),
		"created_by_subject": textColumn(func(a *action) string { return subject(a.details.GetMetadata().GetExecutedBy()) }),
		"trigger_task_name":  textColumn(func(a *action) string { return a.details.GetMetadata().GetTriggerId().GetName().GetTaskName() }),
		"trigger_name":       textColumn(func(a *action) string { return a.details.GetMetadata().GetTriggerName() }),
		"trigger_revision":   {parseNumber, func(a *action) any { return a.triggerRevision() }},
		"task_project":       textColumn(func(a *action) string { return a.details.GetMetadata().GetTask().GetId().GetProject() }),
		"task_domain":        textColumn(func(a *action) string { return a.details.GetMetadata().GetTask().GetId().GetDomain() }),
		taskNameColumn:       textColumn(func(a *action) string { return a.details.GetMetadata().GetTask().GetId().GetName() }),
		"task_version":       textColumn(func(a *action) string { return a.details.GetMetadata().GetTask().GetId().GetVersion() }),
		"function_name":      textColumn(func(a *action) string { return a.details.GetMetadata().GetFuntionName() }),
		"created_at":         timeColumn(func(a *action) time.Time { return a.created }),
		"updated_at":         timeColumn(func(a *action) time.Time { return a.updated }),
		"ended_at":           {parseTime, func(a *action) any { return a.endedAt() }},
		"duration_ms":        {parseNumber, func(a *action) any { return a.durationMS() }},
	}
}

// newRunTable returns the table of root actions, with a set for each of a listing's scopes
// and usual filters.
func newRunTable(visits *int) *table[*action] {
	return newTable(actionColumns(), compareActions, visits,
		nil,
		[]string{"project"}, []string{"domain"}, []string{"project", "domain"}, []string{taskNameColumn},
		[]string{"project", taskNameColumn}, []string{"domain", taskNameColumn}, []string{"project", "domain", taskNameColumn},
		[]string{"run_name"},
		[]string{"task_project", "task_domain", taskNameColumn},
		[]string{"task_project", "task_domain", taskNameColumn, "task_version"},
		[]string{"project", "domain", "trigger_task_name", "trigger_name"},
	)
}

// compareActions is the default order of runs and actions: unfinished ones mostly first,
// since phases are compared by number, and the newest first of those in one phase.
func compareActions(x, y *action) int {
	return cmp.Or(cmp.Compare(x.listed, y.listed), compareNewest(x, y))
}

// compareNewest is the order of creation, the newest first.
func compareNewest(x, y *action) int {
	return cmp.Or(y.created.Compare(x.created), -compareNames(x, y))
}

// compareNames decides where a sort does not.
func compareNames(x, y *action) int {
	return cmp.Or(
		cmp.Compare(x.run.key.name, y.run.key.name), cmp.Compare(x.details.GetId().GetName(), y.details.GetId().GetName()),
		cmp.Compare(x.run.seq, y.run.seq), // runs of several projects may have one name
	)
}

func (a *action) triggerRevision() any {
	if t := a.details.GetMetadata().GetTriggerId(); t != nil {
		return int64(t.GetRevision()) //nolint:gosec // it counts changes
	}
	return nil
}

// endedAt returns nil while the action runs.
func (a *action) endedAt() any {
	if end := a.details.GetStatus().GetEndTime(); end != nil {
		return end.AsTime()
	}
	return nil
}

// durationMS returns nil while the action runs.
func (a *action) durationMS() any {
	if st := a.details.GetStatus(); st.DurationMs != nil {
		return int64(st.GetDurationMs()) //nolint:gosec // a duration fits
	}
	return nil
}
