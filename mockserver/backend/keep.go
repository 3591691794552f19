package backend

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

// The buckets of what is kept; those of runs are beside them.
const (
	bucketProjects = "projects"
	bucketTasks    = "tasks"
	bucketSecrets  = "secrets"
)

// KeepIn makes the backend report its changes to k. Package mockserver calls it, before the
// first request and before [Backend.Restore]. What is kept of a service is that of its rows:
// each change of one is reported where it is made, under the lock, and Restore reads it.
// Timelines of future runs and other scripts are not kept.
func (b *Backend) KeepIn(k kept.Keeper) {
	b.projects.keeper, b.tasks.keeper, b.secrets.keeper, b.runs.keeper = k, k, k, k
	b.triggers.keeper, b.settings.keeper = k, k
}

// Restore takes over the records of a store. Runs that had not ended go on in their
// timelines.
func (b *Backend) Restore(from kept.View) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, part := range []func(kept.View) error{
		b.projects.restore, b.tasks.restore, b.triggers.restore, b.settings.restore, b.secrets.restore, b.runs.restore,
	} {
		if err := part(from); err != nil {
			return err
		}
	}
	return nil
}

// record is the change to a record. A record without an encoding cannot be sent either, and
// is not kept.
func record[R any](bucket, key string, encode func() R) kept.Change {
	return kept.Change{Bucket: bucket, Key: key, Value: func() []byte {
		value, err := json.Marshal(encode())
		if err != nil {
			return nil
		}
		return value
	}}
}

func read(bucket, key string, value []byte, record any) error {
	if err := json.Unmarshal(value, record); err != nil {
		return fmt.Errorf("%s: %s: %w", bucket, key, err)
	}
	return nil
}

// wire is a message as it is kept; nil for no message.
func wire(m proto.Message) []byte {
	raw, err := proto.Marshal(m)
	if err != nil || !m.ProtoReflect().IsValid() {
		return nil
	}
	return append([]byte{}, raw...) // not nil, even if it is empty
}

// unwire reads a message into m; false if there was none.
func unwire(raw []byte, m proto.Message) (bool, error) {
	return raw != nil, proto.Unmarshal(raw, m)
}

type keptProject struct {
	Number                int64
	ID, Name, Description string
	Labels                map[string]string
	State                 int32
	Created, Updated      time.Time
}

func (p project) change() kept.Change {
	return record(bucketProjects, kept.Key(p.id), func() keptProject {
		return keptProject{
			Number: p.number, ID: p.id, Name: p.name, Description: p.description, Labels: p.labels, State: p.state,
			Created: p.created, Updated: p.updated,
		}
	})
}

func (p *projects) restore(from kept.View) error {
	rows := map[string]project{}
	for _, row := range p.rows {
		rows[kept.Key(row.id)] = row
	}
	err := kept.Take(from, bucketProjects, func(key string, value []byte) error {
		if value == nil {
			delete(rows, key)
			return nil
		}
		var r keptProject
		err := read(bucketProjects, key, value, &r)
		rows[key] = project{
			number: r.Number, id: r.ID, name: r.Name, description: r.Description, labels: r.Labels, state: r.State,
			created: r.Created, updated: r.Updated,
		}
		return err
	})
	p.rows = slices.SortedFunc(maps.Values(rows), func(x, y project) int { return cmp.Compare(x.number, y.number) })
	clear(p.places)
	for i, row := range p.rows {
		p.places[row.id] = i
	}
	return err
}

type keptTask struct {
	Project, Domain, Name, Version string
	Number                         int
	Spec                           []byte
	Triggers                       [][]byte
	Created, Updated               time.Time
}

func (r taskRow) kept() string { return kept.Key(r.project, r.domain, r.name, r.version) }

func (r taskRow) change() kept.Change { return record(bucketTasks, r.kept(), r.encode) }

func (r taskRow) encode() keptTask {
	out := keptTask{
		Project: r.project, Domain: r.domain, Name: r.name, Version: r.version, Number: r.number,
		Spec: wire(r.spec), Created: r.created, Updated: r.updated,
	}
	for _, t := range r.triggers {
		out.Triggers = append(out.Triggers, wire(t))
	}
	return out
}

func (r keptTask) row() (taskRow, error) {
	out := taskRow{
		taskName: taskName{r.Project, r.Domain, r.Name}, version: r.Version, number: r.Number,
		spec: &taskpb.TaskSpec{}, created: r.Created, updated: r.Updated,
	}
	_, err := unwire(r.Spec, out.spec)
	for _, raw := range r.Triggers {
		t := &taskpb.TaskTrigger{}
		if _, bad := unwire(raw, t); bad != nil {
			err = bad
		}
		out.triggers = append(out.triggers, t)
	}
	return out, err
}

// restore builds the tables anew.
func (t *tasks) restore(from kept.View) error {
	rows := map[string]taskRow{}
	for _, own := range t.byName {
		for _, row := range own.versions {
			rows[row.kept()] = row
		}
	}
	stale := false
	err := kept.Take(from, bucketTasks, func(key string, value []byte) error {
		stale = true
		if value == nil {
			delete(rows, key)
			return nil
		}
		var r keptTask
		if err := read(bucketTasks, key, value, &r); err != nil {
			return err
		}
		row, err := r.row()
		if err != nil {
			return fmt.Errorf("%s: %s: %w", bucketTasks, key, err)
		}
		rows[key] = row
		return nil
	})
	if err != nil || !stale {
		return err
	}
	for _, own := range t.byName {
		for _, set := range own.sets {
			set.remove(own)
		}
	}
	clear(t.byName)
	t.deployed = 0
	for _, row := range slices.SortedFunc(maps.Values(rows), func(x, y taskRow) int { return cmp.Compare(x.number, y.number) }) {
		t.put(row)
	}
	return nil
}

type keptSecret struct {
	Domain, Project, Name string
	Value                 []byte
	Created               time.Time
}

func (k secretKey) kept() string { return kept.Key(k.domain, k.project, k.name) }

func (s secret) change(k secretKey) kept.Change {
	return record(bucketSecrets, k.kept(), func() keptSecret {
		return keptSecret{Domain: k.domain, Project: k.project, Name: k.name, Value: s.value, Created: s.created}
	})
}

func (s *secrets) restore(from kept.View) error {
	names := map[string]secretKey{}
	for k := range s.rows {
		names[k.kept()] = k
	}
	return kept.Take(from, bucketSecrets, func(key string, value []byte) error {
		if value == nil {
			delete(s.rows, names[key])
			return nil
		}
		var r keptSecret
		err := read(bucketSecrets, key, value, &r)
		s.rows[secretKey{domain: r.Domain, project: r.Project, name: r.Name}] = secret{value: r.Value, created: r.Created}
		return err
	})
}

// digits returns a number as a part of a key that sorts as the numbers do.
func digits(n int) string {
	text := strconv.Itoa(n)
	return string("0123456789abcdefghijk"[len(text)]) + text
}
