package backend

import "time"

// runColumns are the columns by which runs can be filtered and sorted.
func runColumns() columns[*run] {
	return columns[*run]{
		"project":            func(ru *run) any { return ru.key.project },
		"domain":             func(ru *run) any { return ru.key.domain },
		"run_name":           func(ru *run) any { return ru.key.name },
		"phase":              func(ru *run) any { return int64(ru.root().phase()) },
		"run_source":         func(ru *run) any { return int64(ru.root().details.GetMetadata().GetSource()) },
		"created_by_subject": func(ru *run) any { return subject(ru.root().details.GetMetadata().GetExecutedBy()) },
		"task_project":       func(ru *run) any { return ru.task.GetProject() },
		"task_domain":        func(ru *run) any { return ru.task.GetDomain() },
		"task_name":          func(ru *run) any { return ru.task.GetName() },
		"task_version":       func(ru *run) any { return ru.task.GetVersion() },
		"environment_name":   func(ru *run) any { return ru.root().details.GetMetadata().GetEnvironmentName() },
		"trigger_name":       func(ru *run) any { return ru.trigger.GetName() },
		"trigger_task_name":  func(ru *run) any { return ru.trigger.GetTaskName() },
		"trigger_type":       func(ru *run) any { return int64(ru.root().details.GetMetadata().GetTriggerType().GetType()) },
		"created_at":         func(ru *run) any { return ru.created },
		"updated_at":         func(ru *run) any { return ru.root().updated },
		"ended_at":           func(ru *run) any { return ru.root().endedAt() },
		"duration_ms":        func(ru *run) any { return ru.root().durationMS() },
	}
}

// actionColumns are the columns by which actions of a run can be filtered and sorted.
func actionColumns() columns[*action] {
	return columns[*action]{
		"name":        func(a *action) any { return a.details.GetId().GetName() },
		"parent":      func(a *action) any { return a.details.GetMetadata().GetParent() },
		"group":       func(a *action) any { return a.details.GetMetadata().GetGroup() },
		"phase":       func(a *action) any { return int64(a.phase()) },
		"action_type": func(a *action) any { return int64(a.details.GetMetadata().GetActionType()) },
		"created_at":  func(a *action) any { return a.created },
		"updated_at":  func(a *action) any { return a.updated },
		"ended_at":    func(a *action) any { return a.endedAt() },
		"duration_ms": func(a *action) any { return a.durationMS() },
	}
}

// endedAt returns the zero time while the action runs.
func (a *action) endedAt() time.Time {
	if end := a.details.GetStatus().GetEndTime(); end != nil {
		return end.AsTime()
	}
	return time.Time{}
}

func (a *action) durationMS() int64 { return int64(a.details.GetStatus().GetDurationMs()) } //nolint:gosec // a duration fits
