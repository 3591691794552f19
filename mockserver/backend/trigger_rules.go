package backend

import "google.golang.org/protobuf/reflect/protoreflect"

// triggerRules returns the contract's rules of triggers and settings. An organization may be
// empty in a key of settings too.
func triggerRules() map[protoreflect.FullName][]rule {
	const trigger, settings = "flyteidl2.trigger.", "flyteidl2.settings."
	return map[protoreflect.FullName][]rule{
		"flyteidl2.task.ArtifactTrigger": {text(1, 0, "artifact_name")},

		trigger + "TriggerSpec":                      {text(1, 63, "task_version")},
		trigger + "DeployTriggerRequest":             {required("name", "spec")},
		trigger + "GetTriggerDetailsRequest":         {required("name")},
		trigger + "GetTriggerRevisionDetailsRequest": {required("id")},
		trigger + "GetTriggerRevisionHistoryRequest": {required("name")},
		trigger + "ListTriggersRequest":              {required("scope_by"), text(1, 0, "org")},
		trigger + "UpdateTriggersRequest":            {required("names")},
		trigger + "DeleteTriggersRequest":            {required("names")},

		settings + "CreateSettingsRequest":     {required("key", "settings")},
		settings + "UpdateSettingsRequest":     {required("key", "settings")},
		settings + "GetSettingsRequest":        {required("key")},
		settings + "GetSettingsForEditRequest": {required("key")},
	}
}
