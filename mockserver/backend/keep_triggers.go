package backend

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	settingspb "github.com/jetway-go/jetway/gen/flyteidl2/settings"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	triggerpb "github.com/jetway-go/jetway/gen/flyteidl2/trigger"
	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

const (
	bucketTriggers = "triggers" // each revision by itself
	bucketSettings = "settings"
)

type keptTrigger struct {
	Project, Domain, Task, Name           string
	Revision                              uint64
	Spec, Automation                      []byte
	Active                                bool
	Action                                int32
	Deployed, Updated, Triggered, Deleted time.Time
}

func (r triggerRow) kept() string {
	return kept.Key(r.project, r.domain, r.task, r.name, digits(int(r.revision))) //nolint:gosec // far from 2^63 in memory
}

func (r triggerRow) change() kept.Change {
	return record(bucketTriggers, r.kept(), func() keptTrigger {
		return keptTrigger{
			Project: r.project, Domain: r.domain, Task: r.task, Name: r.name, Revision: r.revision,
			Spec: wire(r.spec), Automation: wire(r.automation), Active: r.active, Action: int32(r.action),
			Deployed: r.deployed, Updated: r.updated, Triggered: r.triggered, Deleted: r.deleted,
		}
	})
}

func (r keptTrigger) row() (triggerRow, error) {
	out := triggerRow{
		triggerKey: triggerKey{r.Project, r.Domain, r.Task, r.Name}, revision: r.Revision, spec: &triggerpb.TriggerSpec{},
		active: r.Active, action: triggerpb.TriggerRevisionAction(r.Action),
		deployed: r.Deployed, updated: r.Updated, triggered: r.Triggered, deleted: r.Deleted,
	}
	if _, err := unwire(r.Spec, out.spec); err != nil {
		return out, err
	}
	automation := &taskpb.TriggerAutomationSpec{}
	has, err := unwire(r.Automation, automation)
	if has {
		out.automation = automation
	}
	return out, err
}

// restore builds the triggers anew.
func (t *triggers) restore(from kept.View) error {
	rows := map[string]triggerRow{}
	for _, revisions := range t.byKey {
		for _, row := range revisions {
			rows[row.kept()] = row
		}
	}
	err := kept.Take(from, bucketTriggers, func(key string, value []byte) error {
		if value == nil {
			delete(rows, key)
			return nil
		}
		var r keptTrigger
		if err := read(bucketTriggers, key, value, &r); err != nil {
			return err
		}
		row, err := r.row()
		if err != nil {
			return fmt.Errorf("%s: %s: %w", bucketTriggers, key, err)
		}
		rows[key] = row
		return nil
	})
	if err != nil {
		return err
	}
	clear(t.byKey)
	clear(t.byTask)
	for _, row := range rows {
		if t.byKey[row.triggerKey] == nil {
			t.byTask[row.taskName()] = append(t.byTask[row.taskName()], row.triggerKey)
		}
		t.byKey[row.triggerKey] = append(t.byKey[row.triggerKey], row)
	}
	for key, revisions := range t.byKey {
		slices.SortFunc(revisions, func(a, b triggerRow) int { return cmp.Compare(a.revision, b.revision) })
		if last := revisions[len(revisions)-1]; last.revision != uint64(len(revisions)) {
			return fmt.Errorf("%s: of trigger %q the revisions up to %d are not all there", bucketTriggers, key.name, last.revision)
		}
	}
	return nil
}

type keptSettings struct {
	Place    string
	Settings []byte
	Version  uint64
}

func (s *settings) restore(from kept.View) error {
	places := map[string]string{}
	for place := range s.rows {
		places[kept.Key(place)] = place
	}
	return kept.Take(from, bucketSettings, func(key string, value []byte) error {
		if value == nil {
			delete(s.rows, places[key])
			return nil
		}
		var r keptSettings
		if err := read(bucketSettings, key, value, &r); err != nil {
			return err
		}
		row := settingsRow{&settingspb.Settings{}, r.Version}
		if _, err := unwire(r.Settings, row.settings); err != nil {
			return fmt.Errorf("%s: %s: %w", bucketSettings, key, err)
		}
		s.rows[r.Place] = row
		return nil
	})
}
