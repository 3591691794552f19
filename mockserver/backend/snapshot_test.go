package backend

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func TestSnapshotShowsRunsAsTheyAre(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		why := &workflowpb.ErrorInfo{Message: "no space"}
		w.SetTimeline("env.train", Timeline{Steps: []Step{
			{After: time.Second, Phase: running, Logs: []string{"one", "two"}},
			{After: time.Second, Action: "child", New: &NewAction{Group: "g"}, Phase: running},
			{After: time.Second, NewAttempt: true, Error: why, Logs: []string{"again"}},
			{After: time.Second, Action: "child", Phase: failed, Error: why},
			{After: time.Second, Phase: succeeded},
		}})
		before := w.RunChanges()
		w.start(t, "first")
		w.start(t, "second")
		if w.RunChanges() == before {
			t.Error("new runs are no change")
		}
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		before = w.RunChanges()
		runs := w.Snapshot(1, 1)
		if len(runs) != 1 || runs[0].Name != "second" || runs[0].Task != "env.train" || len(runs[0].Actions) != 1 || runs[0].More != 1 {
			t.Fatalf("latest: %+v", runs)
		}
		root := runs[0].Actions[0]
		if len(root.Spans) != 2 || root.Spans[0].Phase != queued || root.Spans[0].To.Sub(root.Spans[0].From) != time.Second || !root.Spans[1].To.IsZero() ||
			root.Logs != 2 || root.Attempts != 1 || !root.Ended.IsZero() {
			t.Errorf("root: %+v", root)
		}
		lines, first, attempt := w.LogLines("p1", "development", "second", "a0", 0, 10)
		if fmt.Sprint(len(lines), first, attempt) != "2 0 1" || lines[1].Text != "two" {
			t.Errorf("log %v from %d of attempt %d", lines, first, attempt)
		}
		if lines, first, _ := w.LogLines("p1", "development", "second", "a0", 0, 1); len(lines) != 1 || first != 1 || lines[0].Text != "two" {
			t.Errorf("the latest line: %v from %d", lines, first)
		}
		if lines, first, _ := w.LogLines("p1", "development", "second", "a0", 7, 1); len(lines) != 0 || first != 2 {
			t.Errorf("after the end: %v from %d", lines, first)
		}

		time.Sleep(10 * time.Second)
		synctest.Wait()
		if w.RunChanges() == before {
			t.Error("the end is no change")
		}
		run, ok := w.RunSnapshot("p1", "development", "first", 10)
		if !ok || len(run.Actions) != 2 || run.More != 0 {
			t.Fatalf("first: %+v, %t", run, ok)
		}
		root, child := run.Actions[0], run.Actions[1]
		if root.Attempts != 2 || root.Ended.IsZero() || root.Phase != succeeded || root.Spans[2].Phase != failed || root.Spans[3].Attempt != 2 {
			t.Errorf("root: %+v", root)
		}
		if child.Parent != "a0" || child.Group != "g" || child.Phase != failed || child.Error != "no space" {
			t.Errorf("child: %+v", child)
		}
		if lines, _, attempt := w.LogLines("p1", "development", "first", "a0", 0, 10); attempt != 2 || len(lines) != 1 || lines[0].Text != "again" {
			t.Errorf("log of attempt %d: %v", attempt, lines)
		}
		if _, ok := w.RunSnapshot("p1", "development", "third", 10); ok {
			t.Error("a run that is not there")
		}
		if lines, _, attempt := w.LogLines("p1", "development", "first", "b0", 0, 10); attempt != 0 || lines != nil {
			t.Errorf("log of an action that is not there: %v", lines)
		}
	})
}
