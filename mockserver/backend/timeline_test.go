package backend

import (
	"testing"
	"testing/synctest"
	"time"

	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func TestTimelineOfATaskWinsOverThatOfAll(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.deploy(t, "env.eval", &taskpb.TaskSpec{})
		w.SetTimeline("env.eval", Timeline{Steps: []Step{{Phase: failed}}})
		w.SetTimeline("", Timeline{})
		eval := createRun("r2")
		eval.Task = &workflowpb.CreateRunRequest_TaskId{TaskId: p1Task("env.eval")}

		w.start(t, "r1")
		must(w.runs.CreateRun(t.Context(), eval))(t)
		time.Sleep(time.Hour)
		if got := w.details(t, "r1", "a0").GetStatus().GetPhase(); got != queued {
			t.Errorf("a run with an empty timeline is %v, want QUEUED", got)
		}
		if got := w.details(t, "r2", "a0"); got.GetStatus().GetPhase() != failed || got.GetErrorInfo() == nil {
			t.Errorf("the run with a timeline of its own is %v, want FAILED", got.GetStatus())
		}
	})
}

// A later change of the caller's timeline must change no run.
func TestSetTimelineCopiesTheTimeline(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		out := &taskpb.Outputs{Literals: []*taskpb.NamedLiteral{{Name: "o0", Value: integer(1)}}}
		tl := Timeline{Steps: []Step{{Phase: succeeded, Outputs: out, Logs: []string{"one"}}}}
		w.SetTimeline("", tl)
		out.Literals[0].Name, tl.Steps[0].Logs[0], tl.Steps[0].Phase = "changed", "changed", failed

		w.start(t, "r1")
		synctest.Wait()
		if got := w.actionData(t, "r1", "a0").GetOutputs().GetLiterals(); len(got) != 1 || got[0].GetName() != "o0" {
			t.Errorf("outputs are %v, want those of the timeline as it was set", got)
		}
		logs, err := rest(t, must(w.data.TailLogs(t.Context(), tailOf("r1", 1)))(t))
		if got := linesOf(t, logs); err != nil || got[0][0] != "one" {
			t.Errorf("logs are %q, %v", got, err)
		}
	})
}

// A call of Advance before the step is reached counts for that step.
func TestAdvancePassesOneStepPerCall(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{Steps: []Step{
			{After: time.Minute, Manual: true, Phase: running},
			{Manual: true, Phase: succeeded},
		}})
		w.start(t, "r1")
		w.start(t, "r2")
		if n := w.Advance("r1", "unknown"); n != 1 {
			t.Errorf("advanced %d runs, want 1", n)
		}
		synctest.Wait()
		if got := w.details(t, "r1", "a0").GetStatus().GetPhase(); got != queued {
			t.Errorf("before its time the run is %v, want QUEUED", got)
		}
		time.Sleep(time.Hour)
		if got := w.details(t, "r1", "a0").GetStatus().GetPhase(); got != running {
			t.Errorf("in its time the run is %v, want RUNNING", got)
		}
		if got := w.details(t, "r2", "a0").GetStatus().GetPhase(); got != queued {
			t.Errorf("the other run is %v, want QUEUED", got)
		}
		if n := w.Advance(); n != 2 {
			t.Errorf("advanced %d runs, want both", n)
		}
		synctest.Wait()
		if got := w.details(t, "r1", "a0").GetStatus().GetPhase(); got != succeeded {
			t.Errorf("at last the run is %v, want SUCCEEDED", got)
		}
	})
}
