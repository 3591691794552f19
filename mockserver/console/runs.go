package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	"github.com/jetway-go/jetway/mockserver/backend"
)

const (
	shownRuns    = 10
	shownActions = 60
)

// selection is the run that a page shows, and the number of its action whose log it shows;
// the zero value follows the newest run.
type selection struct {
	project, domain, run string
	action               int
}

func selectionOf(r *http.Request) selection {
	parts := strings.SplitN(r.URL.Query().Get("run"), "/", 3)
	if len(parts) != 3 {
		return selection{}
	}
	action, _ := strconv.Atoi(r.URL.Query().Get("action"))
	return selection{parts[0], parts[1], parts[2], action}
}

func (s selection) pinned() bool { return s.run != "" }

func (s selection) query() string {
	q := url.Values{"run": {s.project + "/" + s.domain + "/" + s.run}}
	if s.action > 0 {
		q.Set("action", strconv.Itoa(s.action))
	}
	return Path + "?" + q.Encode()
}

// runView is a run in the list.
type runView struct {
	ID, Name, Where, Task, Phase string
	Tone                         tone
	Took, Link                   string
	Selected                     bool
}

// timelineView is the selected run with its actions.
type timelineView struct {
	Run     runView
	Actions []actionView
	More    int
	Ticks   []tickView
	Pinned  bool

	chosen selection
	action string // the name of the chosen one
	ended  bool
}

type actionView struct {
	ID, Name, Label, Phase string
	Tone                   tone
	Depth                  int
	Took, Link, Error      string
	Attempts               int
	Selected               bool
	Bars                   []barView
	Summary                string // of the bars, in words
}

// barView is the time in one phase, in percent of the run's time.
type barView struct {
	X, Width float64
	Phase    string
}

type tickView struct {
	X     float64
	Label string
}

// runViews returns the latest runs, and the selected one with its actions; nil without runs.
func (c *Console) runViews(chosen selection, now time.Time) ([]runView, *timelineView) {
	runs := c.server.Backend().Snapshot(shownRuns, 1)
	if len(runs) == 0 {
		return nil, nil
	}
	pinned := chosen.pinned()
	shown, ok := c.server.Backend().RunSnapshot(chosen.project, chosen.domain, chosen.run, shownActions)
	if !ok {
		chosen = selection{runs[0].Project, runs[0].Domain, runs[0].Name, 0}
		pinned = false
		if shown, ok = c.server.Backend().RunSnapshot(chosen.project, chosen.domain, chosen.run, shownActions); !ok {
			return nil, nil
		}
	}
	if chosen.action < 0 || chosen.action >= len(shown.Actions) {
		chosen.action = 0
	}
	t := c.timeline(shown, chosen, now)
	t.Pinned = pinned
	var views []runView
	for _, r := range runs {
		v := c.runView(r, now)
		v.Selected = r.Project == chosen.project && r.Domain == chosen.domain && r.Name == chosen.run
		views = append(views, v)
	}
	return views, t
}

func (c *Console) runView(r backend.RunSnapshot, now time.Time) runView {
	root := r.Actions[0]
	project, domain, name := c.text(r.Project), c.text(r.Domain), c.text(r.Name)
	v := runView{
		ID: "run-" + project + "-" + domain + "-" + name, Name: name, Where: project + " / " + domain,
		Task: c.text(r.Task), Took: took(endOr(root, now).Sub(root.Created)),
		Link: selection{project, domain, name, 0}.query() + "#runs-title",
	}
	v.Phase, v.Tone = phaseOf(root.Phase)
	return v
}

// text returns a text of a client for the page: shortened, and without secrets.
func (c *Console) text(s string) string { return cut(c.server.WithoutSecrets(s), 80) }

func (c *Console) timeline(r backend.RunSnapshot, chosen selection, now time.Time) *timelineView {
	root := r.Actions[0]
	from, to := root.Created, endOr(root, now)
	for _, a := range r.Actions {
		if end := endOr(a, now); end.After(to) {
			to = end
		}
	}
	total := max(to.Sub(from), time.Millisecond)
	at := func(t time.Time) float64 { return min(100, max(0, 100*float64(t.Sub(from))/float64(total))) }
	t := &timelineView{
		Run: c.runView(r, now), More: r.More, Ticks: ticks(total),
		chosen: chosen, action: r.Actions[chosen.action].Name, ended: true,
	}
	depths := map[string]int{}
	for i, a := range r.Actions {
		if a.Parent != "" {
			depths[a.Name] = min(depths[a.Parent]+1, 6)
		}
		view := c.action(a, now, at)
		view.Selected = i == chosen.action
		link := selection{c.text(r.Project), c.text(r.Domain), c.text(r.Name), i}
		view.Link = link.query() + "#logs"
		view.ID, view.Depth = fmt.Sprintf("action-%d", i), depths[a.Name]
		t.ended = t.ended && !a.Ended.IsZero()
		t.Actions = append(t.Actions, view)
	}
	return t
}

func (c *Console) action(a backend.ActionSnapshot, now time.Time, at func(time.Time) float64) actionView {
	v := actionView{
		Name: c.text(a.Name), Label: c.text(a.Group), Took: took(endOr(a, now).Sub(a.Created)), Attempts: a.Attempts,
		Error: cut(c.server.WithoutSecrets(a.Error), maxText),
	}
	v.Phase, v.Tone = phaseOf(a.Phase)
	spans := a.Spans
	if len(spans) == 0 {
		spans = []backend.PhaseSpan{{Phase: a.Phase, From: a.Created, To: a.Ended}}
	}
	var words []string
	for _, s := range spans {
		name, _ := phaseOf(s.Phase)
		end := s.To
		if end.IsZero() {
			end = now
		}
		if terminal := !s.To.IsZero() && s.To.Equal(s.From); terminal {
			v.Bars = append(v.Bars, barView{X: at(s.From), Phase: cssPhase(s.Phase)})
			words = append(words, name)
			continue
		}
		v.Bars = append(v.Bars, barView{X: at(s.From), Width: max(0.3, at(end)-at(s.From)), Phase: cssPhase(s.Phase)})
		words = append(words, name+" "+took(end.Sub(s.From)))
	}
	v.Summary = strings.Join(words[max(0, len(words)-12):], ", ")
	return v
}

// endOr returns when an action ended, or now.
func endOr(a backend.ActionSnapshot, now time.Time) time.Time {
	if a.Ended.IsZero() {
		return now
	}
	return a.Ended
}

// cssPhase is a phase as a class name.
func cssPhase(p commonpb.ActionPhase) string {
	return "ph-" + strings.ToLower(strings.TrimPrefix(p.String(), "ACTION_PHASE_"))
}

// phaseOf returns a phase as people read it.
func phaseOf(p commonpb.ActionPhase) (string, tone) {
	text := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(p.String(), "ACTION_PHASE_"), "_", " "))
	switch p {
	case commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED, commonpb.ActionPhase_ACTION_PHASE_RECOVERED:
		return text, good
	case commonpb.ActionPhase_ACTION_PHASE_FAILED, commonpb.ActionPhase_ACTION_PHASE_TIMED_OUT:
		return text, bad
	case commonpb.ActionPhase_ACTION_PHASE_ABORTED, commonpb.ActionPhase_ACTION_PHASE_PAUSED:
		return text, warn
	case commonpb.ActionPhase_ACTION_PHASE_RUNNING, commonpb.ActionPhase_ACTION_PHASE_INITIALIZING:
		return text, busy
	default:
		return text, quiet
	}
}

// ticks divides a time into at most five parts of a round length.
func ticks(total time.Duration) []tickView {
	step := time.Millisecond
	for unit := step; total/step > 5; unit *= 10 { // 1, 2, 5, 10, …
		for _, n := range []time.Duration{2, 5, 10} {
			if step = n * unit; total/step <= 5 { //nolint:durationcheck // n is a number of units
				break
			}
		}
	}
	var out []tickView
	for at := step; at < total-step/3; at += step {
		out = append(out, tickView{X: 100 * float64(at) / float64(total), Label: strings.Replace(took(at), ".0 ", " ", 1)})
	}
	return out
}
