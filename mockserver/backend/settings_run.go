package backend

import (
	settingspb "github.com/jetway-go/jetway/gen/flyteidl2/settings"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

// runSettings returns the settings of a new run's project, or nil if runs take none. It takes
// b.mu.
func (b *Backend) runSettings(key runKey) *settingspb.Settings {
	if !b.cfg.RunSettings {
		return nil
	}
	levels, err := b.settingsLevels(&settingspb.SettingsKey{Domain: key.domain, Project: key.project})
	if err != nil { // a project without a domain has none
		return nil
	}
	return b.resolveSettings(levels)
}

// fillRunSpec sets what spec leaves empty and the settings have a value for.
func fillRunSpec(spec *taskpb.RunSpec, s *settingspb.Settings) {
	if v, ok := textSetting(s.GetRun().GetDefaultQueue()); ok && spec.GetQueue() == "" {
		spec.Queue = v
	}
	n := s.GetRun().GetMaxActionConcurrency()
	if n.GetState() == settingspb.SettingState_SETTING_STATE_VALUE && spec.GetMaxActionConcurrency() == 0 {
		spec.MaxActionConcurrency = uint32(n.GetIntValue()) //nolint:gosec // checked when it was stored
	}
	if v, ok := textSetting(s.GetRun().GetRunBaseDir()); ok && spec.GetRunBaseDir() == "" {
		spec.RunBaseDir = v
	}
	if v, ok := textSetting(s.GetStorage().GetRawDataPath()); ok && spec.GetRawDataStorage().GetRawDataPrefix() == "" {
		spec.RawDataStorage = &taskpb.RawDataStorage{RawDataPrefix: v}
	}
}

func textSetting(s *settingspb.StringSetting) (string, bool) {
	return s.GetStringValue(), s.GetState() == settingspb.SettingState_SETTING_STATE_VALUE
}
