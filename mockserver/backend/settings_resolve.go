package backend

import (
	"errors"
	"fmt"
	"maps"
	"math"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	settingspb "github.com/jetway-go/jetway/gen/flyteidl2/settings"
)

// resolveSettings returns the settings that hold in the last of levels: of each setting what
// the narrowest scope says that does not inherit it, of maps the entries of all. It takes b.mu.
func (b *Backend) resolveSettings(levels []settingsLevel) *settingspb.Settings {
	resolved := &settingspb.Settings{}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, level := range levels {
		if row, ok := b.settings.rows[level.place]; ok {
			overlay(resolved.ProtoReflect(), row.settings.ProtoReflect(), level.width)
		}
	}
	return resolved
}

// overlay lays the settings of a narrower scope over those of wider ones. A setting is a message
// with a state; other messages group settings.
func overlay(into, from protoreflect.Message, width settingspb.ScopeLevel) {
	from.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		below := value.Message()
		switch own := below.Interface().(type) {
		case *settingspb.StringMapSetting:
			overlayMap(into, field, own, width)
		case interface {
			GetState() settingspb.SettingState
		}:
			if own.GetState() == settingspb.SettingState_SETTING_STATE_INHERIT {
				return true
			}
			leaf := proto.Clone(below.Interface()).ProtoReflect()
			leaf.Set(leaf.Descriptor().Fields().ByName("scope_level"), protoreflect.ValueOfEnum(width.Number()))
			into.Set(field, protoreflect.ValueOfMessage(leaf))
		default:
			group := into.NewField(field).Message()
			if into.Has(field) {
				group = into.Mutable(field).Message()
			}
			overlay(group, below, width)
			if fieldsSet(group) {
				into.Set(field, protoreflect.ValueOfMessage(group))
			}
		}
		return true
	})
}

func overlayMap(
	into protoreflect.Message, field protoreflect.FieldDescriptor, own *settingspb.StringMapSetting, width settingspb.ScopeLevel,
) {
	switch own.GetState() {
	case settingspb.SettingState_SETTING_STATE_INHERIT:
		return
	case settingspb.SettingState_SETTING_STATE_UNSET:
		into.Set(field, protoreflect.ValueOfMessage((&settingspb.StringMapSetting{State: own.GetState(), ScopeLevel: width}).ProtoReflect()))
		return
	case settingspb.SettingState_SETTING_STATE_VALUE:
	}
	entries := map[string]string{}
	if into.Has(field) {
		wider, _ := into.Get(field).Message().Interface().(*settingspb.StringMapSetting)
		maps.Copy(entries, wider.GetMapValue().GetEntries())
	}
	maps.Copy(entries, own.GetMapValue().GetEntries())
	into.Set(field, protoreflect.ValueOfMessage((&settingspb.StringMapSetting{
		State: own.GetState(), ScopeLevel: width, MapValue: &settingspb.StringMap{Entries: entries},
	}).ProtoReflect()))
}

// fieldsSet reports whether any field of m is.
func fieldsSet(m protoreflect.Message) bool {
	set := false
	m.Range(func(protoreflect.FieldDescriptor, protoreflect.Value) bool {
		set = true
		return false
	})
	return set
}

// dropEmpty removes messages without a field, such as an empty setting, from m and the messages
// in it.
func dropEmpty(m protoreflect.Message) {
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if field.IsMap() || field.Message() == nil {
			return true
		}
		dropEmpty(value.Message())
		if !fieldsSet(value.Message()) {
			m.Clear(field)
		}
		return true
	})
}

// checkSettings returns an error for a value that no scope can have.
func checkSettings(s *settingspb.Settings) error {
	resources := s.GetTaskResource()
	for name, of := range map[string]*settingspb.TaskResourceDefaults{"min": resources.GetMin(), "max": resources.GetMax()} {
		for resource, q := range map[string]*settingspb.QuantitySetting{
			"cpu": of.GetCpu(), "gpu": of.GetGpu(), "memory": of.GetMemory(), "storage": of.GetStorage(),
		} {
			if q.GetState() == settingspb.SettingState_SETTING_STATE_VALUE && !isQuantity(q.GetQuantityValue()) {
				return fmt.Errorf("task_resource.%s.%s: %q is not a quantity such as 500m or 2Gi", name, resource, q.GetQuantityValue())
			}
		}
	}
	n := s.GetRun().GetMaxActionConcurrency()
	if v := n.GetIntValue(); n.GetState() == settingspb.SettingState_SETTING_STATE_VALUE && v != 0 && (v < 2 || v > math.MaxUint32) {
		return errors.New("run.max_action_concurrency is not 0, and not between 2 and 4294967295")
	}
	return nil
}
