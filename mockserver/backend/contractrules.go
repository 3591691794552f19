package backend

import (
	"maps"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// contractRules returns the contract's validation rules of requests, by message. The
// open-source backend enforces none of them, hosted backends may. One is left out: that an
// identifier has an organization. Answers do not have it, and an identifier that an answer
// has must be good for the next request.
func contractRules() map[protoreflect.FullName][]rule {
	const (
		common    = "flyteidl2.common."
		core      = "flyteidl2.core."
		task      = "flyteidl2.task."
		workflow  = "flyteidl2.workflow."
		dataproxy = "flyteidl2.dataproxy."
		secret    = "flyteidl2.secret."
	)
	rules := map[protoreflect.FullName][]rule{
		common + "RunIdentifier":           {text(0, 63, "org"), text(1, 63, "project", "domain"), text(1, 30, "name")},
		common + "ActionIdentifier":        {required("run"), text(1, 30, "name")},
		common + "ActionAttemptIdentifier": {required("action_id"), nonZero("attempt")},
		common + "ProjectIdentifier":       {text(1, 0, "name", "domain")},
		common + "OrgIdentifier":           {text(1, 63, "name"), shaped(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`, "name")},
		common + "ClusterIdentifier":       {text(1, 0, "name")},
		common + "TriggerName":             {text(0, 63, "org"), text(1, 63, "project", "domain"), text(1, 255, "name", "task_name")},
		common + "OffloadedInputData":      {text(1, 0, "uri", "inputs_hash")},

		task + "TaskIdentifier":        {text(0, 63, "org"), text(1, 63, "project", "domain", "version"), text(1, 255, "name")},
		task + "TaskName":              {text(0, 63, "org"), text(1, 63, "project", "domain"), text(1, 255, "name")},
		task + "DeployTaskRequest":     {required("task_id", "spec")},
		task + "TaskSpec":              {required("task_template"), text(0, 63, "short_name")},
		task + "Environment":           {text(1, 63, "name"), text(0, 255, "description")},
		task + "DocumentationEntity":   {text(0, 255, "short_description"), text(0, 2048, "long_description")},
		task + "TaskTrigger":           {text(1, 255, "name"), required("spec")},
		task + "TriggerAutomationSpec": {nonZero("type")},
		task + "Schedule":              {required("expression")},
		task + "Cron":                  {text(1, 0, "expression")},
		task + "FixedRate":             {nonZero("value", "unit")},
		task + "GetTaskDetailsRequest": {required("task_id")},
		task + "ListVersionsRequest":   {required("task_name")},
		task + "ListTasksRequest":      {required("scope_by"), text(1, 0, "org")},

		workflow + "CreateRunRequest":           {required("id", "task")},
		workflow + "GetActionLogContextRequest": {required("action_id"), nonZero("attempt")},
		workflow + "TailLogsRequest":            {required("action_id"), nonZero("attempt")},
		workflow + "WatchClusterEventsRequest":  {required("id"), nonZero("attempt")},
		workflow + "ListRunsRequest":            {required("scope_by"), text(1, 0, "org")},
		workflow + "WatchRunsRequest":           {required("target"), text(1, 0, "org")},
		workflow + "WatchGroupsRequest":         {required("scope_by", "start_date")},
		workflow + "SignalEventRequest":         {required("action_id", "payload")},
		workflow + "EventPayload":               {required("value")},

		dataproxy + "CreateUploadLocationRequest": {text(1, 0, "project", "domain"), length(16, "content_md5")},
		dataproxy + "UploadInputsRequest":         {required("id", "task")},
		dataproxy + "CreateDownloadLinkRequest":   {nonZero("artifact_type"), required("source")},
		dataproxy + "GetActionDataRequest":        {required("action_id")},
		dataproxy + "TailLogsRequest":             {required("action_id"), nonZero("attempt")},

		secret + "SecretIdentifier": {text(1, 0, "name"), shaped(`^[-a-zA-Z0-9_]+$`, "name")},
		secret + "SecretSpec":       {required("value")},

		"flyteidl2.cluster.SelectClusterRequest": {required("resource"), nonZero("operation")},

		core + "Backoff":         {notNegative("base", "cap"), backoffRule},
		core + "ReusePolicy":     {notNegative("idle_ttl", "scaledown_ttl"), replicasRule},
		core + "TimeoutStrategy": {notNegative("queued_timeout", "deadline")},
	}
	maps.Copy(rules, appRules())
	maps.Copy(rules, triggerRules())
	for _, name := range []protoreflect.FullName{"GetRunDetails", "AbortRun", "WatchRunDetails", "ListActions", "WatchActions"} {
		rules[workflow+name+"Request"] = []rule{required("run_id")}
	}
	for _, name := range []protoreflect.FullName{
		"GetActionDetails", "GetActionDataURIs", "GetActionData", "AbortAction", "WatchActionDetails",
	} {
		rules[workflow+name+"Request"] = []rule{required("action_id")}
	}
	for _, name := range []protoreflect.FullName{"CreateSecret", "UpdateSecret", "GetSecret", "DeleteSecret"} {
		rules[secret+name+"Request"] = []rule{required("id")}
	}
	return rules
}
