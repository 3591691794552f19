package backend

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

// The buckets of runs. The key of a run begins the keys of what belongs to it.
const (
	bucketRuns     = "runs"     // what never changes: spec and timeline
	bucketProgress = "progress" // where it is in its timeline
	bucketActions  = "actions"
	bucketLogs     = "logs" // lines of an attempt, as many as were written at once
)

type keptRun struct {
	Project, Domain, Name string
	Number                int
	Spec                  []byte
	Created               time.Time
	Steps                 []keptStep
}

type keptProgress struct {
	Step    int
	Part    stepPart
	Credits int
}

type keptAction struct {
	Number           int
	Parent           string // empty for the root
	Details          []byte
	Created, Updated time.Time
	Inputs, Outputs  string
}

type keptLines struct {
	Attempt, First int
	Lines          [][]byte
}

func (k runKey) kept() string { return kept.Key(k.project, k.domain, k.name) }

// change is the part of a run that never changes.
func (ru *run) change() kept.Change { return record(bucketRuns, ru.key.kept(), ru.encode) }

func (ru *run) encode() keptRun {
	out := keptRun{
		Project: ru.key.project, Domain: ru.key.domain, Name: ru.key.name, Number: ru.seq,
		Spec: wire(ru.spec), Created: ru.created,
	}
	for i := range ru.steps {
		out.Steps = append(out.Steps, ru.steps[i].kept())
	}
	return out
}

// keep reports a change of a, with where its run is. The caller holds r.mu.
func (r *runs) keep(a *action) {
	if _, off := r.keeper.(kept.Off); off {
		r.due = nil
		return
	}
	run := a.run.key.kept()
	parent := ""
	if a.parent != nil {
		parent = a.parent.details.GetId().GetName()
	}
	at := a.run.at
	r.keeper.Keep(append(r.due,
		record(bucketProgress, run, func() keptProgress {
			return keptProgress{Step: at.step, Part: at.part, Credits: a.run.credits}
		}),
		record(bucketActions, run+"/"+digits(a.seq), func() keptAction {
			return keptAction{
				Number: a.seq, Parent: parent, Details: wire(a.details), Created: a.created, Updated: a.updated,
				Inputs: a.inputs, Outputs: a.outputs,
			}
		}),
	)...)
	r.due = nil
}

// logChange is the lines of the current attempt from one on.
func (a *action) logChange(first int) kept.Change {
	own, _ := a.last()
	lines, attempt := own.logs[first:], len(a.attempts)
	key := strings.Join([]string{a.run.key.kept(), digits(a.seq), digits(attempt), digits(first)}, "/")
	return record(bucketLogs, key, func() keptLines {
		out := keptLines{Attempt: attempt, First: first}
		for _, line := range lines {
			out.Lines = append(out.Lines, wire(line))
		}
		return out
	})
}

// restore takes over the stale runs: the memory's are undone, and those of the store go on.
func (r *runs) restore(from kept.View) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	all, stale := r.stale(from)
	if len(stale) == 0 && !all {
		return nil
	}
	r.due = nil
	for _, ru := range r.byKey {
		if all || stale[ru.key.kept()] {
			r.undo(ru)
		}
	}
	var fresh []*run
	err := from.Each(bucketRuns, "", func(key string, value []byte) error {
		if !all && !stale[key] {
			return nil
		}
		ru, err := r.readRun(from, key, value)
		fresh = append(fresh, ru)
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(fresh, func(x, y *run) int { return cmp.Compare(x.seq, y.seq) })
	for _, ru := range fresh {
		r.enter(ru)
	}
	close(r.undone)
	r.undone = make(chan struct{})
	return nil
}

// stale returns the keys of runs of which anything is.
func (r *runs) stale(from kept.View) (all bool, runs map[string]bool) {
	runs = map[string]bool{}
	for _, bucket := range []string{bucketRuns, bucketProgress, bucketActions, bucketLogs} {
		keys, every := from.Stale(bucket)
		all = all || every
		for _, key := range keys {
			if parts := strings.SplitN(key, "/", 4); len(parts) >= 3 {
				runs[strings.Join(parts[:3], "/")] = true
			}
		}
	}
	return all, runs
}

// undo takes a run out of the memory. Its timeline ends.
func (r *runs) undo(ru *run) {
	ru.gone = true
	root := ru.root()
	for _, set := range append(slices.Clone(root.sets), root.ages...) {
		set.remove(root)
	}
	r.log.forget(root)
	delete(r.byKey, ru.key)
	ru.changed.fire()
	r.changed.fire()
}

// enter puts a run that was read into the memory and lets it go on.
func (r *runs) enter(ru *run) {
	r.byKey[ru.key] = ru
	for _, a := range ru.actions {
		r.list(a)
		r.version++
		a.anyVersion = r.version
		ru.log.record(a, r.version)
		if a.parent == nil {
			r.log.record(a, r.version)
		}
		if a.phase() == commonpb.ActionPhase_ACTION_PHASE_ABORTED && !a.settled() && !r.closed {
			r.wg.Go(func() { r.endAborted(a, r.lagNow()) })
		}
	}
	r.changed.fire()
	r.goOn(ru)
}

func (r *runs) lagNow() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lag
}

func (r *runs) readRun(from kept.View, key string, value []byte) (*run, error) {
	var k keptRun
	if err := read(bucketRuns, key, value, &k); err != nil {
		return nil, err
	}
	ru := newRun(runKey{k.Project, k.Domain, k.Name}, k.Number, k.Created, &r.visits)
	ru.spec = &taskpb.RunSpec{}
	if _, err := unwire(k.Spec, ru.spec); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", bucketRuns, key, err)
	}
	for i := range k.Steps {
		s, err := k.Steps[i].step()
		if err != nil {
			return nil, fmt.Errorf("%s: %s: step %d: %w", bucketRuns, key, i, err)
		}
		ru.steps = append(ru.steps, s)
	}
	err := kept.Get(from, bucketProgress, key, func(value []byte) error {
		if value == nil {
			return nil
		}
		var p keptProgress
		err := read(bucketProgress, key, value, &p)
		ru.at, ru.credits = place{step: max(0, p.Step), part: p.Part}, p.Credits
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, part := range []struct {
		bucket, prefix string
		read           func(key string, value []byte) error
	}{
		{bucketActions, key + "/", ru.readAction},
		{bucketLogs, key + "/", ru.readLines},
	} {
		if err := from.Each(part.bucket, part.prefix, part.read); err != nil {
			return nil, err
		}
	}
	if len(ru.actions) == 0 {
		return nil, fmt.Errorf("%s: %s: it has no action", bucketRuns, key)
	}
	return ru, nil
}

// readAction adds an action; those before it are there.
func (ru *run) readAction(key string, value []byte) error {
	var k keptAction
	if err := read(bucketActions, key, value, &k); err != nil {
		return err
	}
	details := &workflowpb.ActionDetails{}
	if _, err := unwire(k.Details, details); err != nil {
		return fmt.Errorf("%s: %s: %w", bucketActions, key, err)
	}
	parent := ru.byName[k.Parent]
	name := details.GetId().GetName()
	if k.Number != len(ru.actions) || (parent == nil) != (k.Number == 0) || details.GetStatus() == nil || details.GetMetadata() == nil ||
		ru.byName[name] != nil {
		return fmt.Errorf("%s: %s: it does not fit to those before it", bucketActions, key)
	}
	a := &action{
		run: ru, seq: k.Number, parent: parent, details: details, created: k.Created, updated: k.Updated,
		inputs: k.Inputs, outputs: k.Outputs,
	}
	for range details.GetAttempts() {
		a.attempts = append(a.attempts, &attempt{})
	}
	ru.actions = append(ru.actions, a)
	ru.byName[name] = a
	return nil
}

// readLines adds lines to the log of an attempt; those before them are there.
func (ru *run) readLines(key string, value []byte) error {
	var k keptLines
	if err := read(bucketLogs, key, value, &k); err != nil {
		return err
	}
	parts := strings.Split(key, "/")
	i := slices.IndexFunc(ru.actions, func(a *action) bool { return len(parts) > 3 && digits(a.seq) == parts[3] })
	if i < 0 || k.Attempt < 1 || k.Attempt > len(ru.actions[i].attempts) || k.First != len(ru.actions[i].attempts[k.Attempt-1].logs) {
		return fmt.Errorf("%s: %s: the attempt or lines before it are missing", bucketLogs, key)
	}
	own := ru.actions[i].attempts[k.Attempt-1]
	for _, raw := range k.Lines {
		line := &dataplanepb.LogLine{}
		if err := proto.Unmarshal(raw, line); err != nil {
			return fmt.Errorf("%s: %s: %w", bucketLogs, key, err)
		}
		own.logs = append(own.logs, line)
	}
	return nil
}
