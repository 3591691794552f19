package console

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/requests"
)

// look is what one open page knows, so that it is sent only what is new.
type look struct {
	c      *Console
	chosen selection
	after  uint64 // number of the latest request that was sent

	seen    mockserver.Changes
	offset  time.Duration // of the server's clock
	drawn   time.Time     // when the runs were
	moving  bool          // a run is under way
	log     selection     // of the lines that were sent
	attempt int
	line    int
	sent    map[string]string // by panel: what it was made of, or its HTML
	rate    []sample
	said    time.Time
	summary string
	started bool

	// The latest of each.
	latest requestsView
	logins loginsView
	list   []runView
}

// sample is how many requests had come at a time.
type sample struct {
	at time.Time
	n  uint64
}

func newLook(c *Console, chosen selection, after uint64) *look {
	return &look{c: c, chosen: chosen, after: after, sent: map[string]string{}}
}

// messages returns what is new.
func (l *look) messages(now time.Time) []message {
	changes := l.c.server.Changes()
	serverNow := l.c.server.Now()
	first := !l.started
	l.started = true
	moved := serverNow.Sub(now).Round(time.Second) != l.offset
	l.offset = serverNow.Sub(now).Round(time.Second)
	var out []message
	if first || changes.Requests != l.seen.Requests {
		out = append(out, l.requests(first)...)
	}
	if first || moved || changes.Logins != l.seen.Logins || !l.logins.expiry.IsZero() && !serverNow.Before(l.logins.expiry) {
		l.logins = l.c.loginViews(serverNow)
		out = l.panel(out, "logins", l.logins)
	}
	if first || changes.Runs != l.seen.Runs || l.moving && now.Sub(l.drawn) >= redraw {
		out = append(out, l.runs(now, serverNow)...)
	}
	l.seen = changes
	devices := l.c.deviceViews()
	if l.differs("devices", devices) {
		out = append(out, message{Panel: "devices", HTML: l.render("devices", devices)})
	}
	groups, faults := l.c.faultGroups()
	if l.differs("faults", groups) {
		out = append(out, message{Panel: "faults", HTML: l.render("faults", groups)})
	}
	return l.counts(out, now, devices, faults)
}

// panel adds a panel if it differs from what was sent.
func (l *look) panel(out []message, name string, data any) []message {
	html := l.render(name, data)
	if !l.differs(name, html) {
		return out
	}
	return append(out, message{Panel: name, HTML: html})
}

// differs reports whether data is not what it was the last time, and remembers it.
func (l *look) differs(name string, data any) bool {
	text := fmt.Sprint(data)
	old, ok := l.sent[name]
	l.sent[name] = text
	return !ok || old != text
}

func (l *look) render(name string, data any) string {
	var b bytes.Buffer
	if err := l.c.pages.ExecuteTemplate(&b, name, data); err != nil {
		return "" // a fault in a template, which tests find
	}
	return b.String()
}

// requests returns the requests that are new, and those that were answered meanwhile; at
// first all, since the page does not say which of its requests were under way.
func (l *look) requests(first bool) []message {
	v := l.c.requests(func(r requests.Request) bool {
		return first || r.Number > l.after || r.Done && slices.Contains(l.latest.open, r.Number)
	})
	l.latest = v
	if len(v.rows) == 0 {
		return nil
	}
	var skipped uint64
	if l.after > 0 && v.oldest > l.after+1 {
		skipped = v.oldest - l.after - 1
	}
	l.after = max(l.after, v.latest)
	return []message{{Panel: "requests", HTML: l.render("requests", v.rows), Skipped: skipped}}
}

// runs returns the runs, and new lines of the log that is shown.
func (l *look) runs(now, serverNow time.Time) (out []message) {
	views, timeline := l.c.runViews(l.chosen, serverNow)
	l.list = views
	out = l.panel(out, "runs", views)
	out = l.panel(out, "timeline", timeline)
	l.drawn, l.moving = now, slices.ContainsFunc(views, func(v runView) bool { return v.Tone == busy || v.Tone == quiet })
	if timeline == nil {
		return out
	}
	l.moving = l.moving || !timeline.ended
	if timeline.chosen != l.log {
		l.log, l.attempt, l.line = timeline.chosen, 0, 0
	}
	v := l.c.logView(l.log, timeline.action, l.attempt, l.line)
	anew := l.line == 0 || v.Attempt != l.attempt
	if !anew && v.next == l.line {
		return out
	}
	l.attempt, l.line = v.Attempt, v.next
	if anew {
		return l.panel(out, "log", v)
	}
	delete(l.sent, "log")
	return append(out, message{Panel: "lines", HTML: l.render("lines", v.Lines)})
}

// counts adds the numbers at the top, and now and then a sentence for screen readers.
func (l *look) counts(out []message, now time.Time, devices devicesView, faults []string) []message {
	n := countsOf(l.latest, devices, l.logins, l.list, faults)
	l.rate = append(l.rate, sample{now, n.Requests})
	for len(l.rate) > 2 && now.Sub(l.rate[0].at) > 5*time.Second {
		l.rate = l.rate[1:]
	}
	if d := now.Sub(l.rate[0].at); d > time.Second && n.Requests > l.rate[0].n {
		n.Rate = fmt.Sprintf("%.0f a minute", float64(n.Requests-l.rate[0].n)/d.Minutes())
	}
	out = l.panel(out, "counts", n)
	return l.say(out, now, n)
}

func (l *look) say(out []message, now time.Time, n counts) []message {
	var parts []string
	for _, p := range []struct {
		n    int
		text string
	}{
		{n.Devices, "devices wait for approval"}, {len(n.Faults), "faults are on"}, {n.Running, "runs are under way"},
		{n.Valid, "logins are valid"}, {n.Problems, "of the latest requests were refused or failed"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.text))
		}
	}
	summary := strings.Join(parts, ", ")
	if summary == l.summary || now.Sub(l.said) < sayPause {
		return out
	}
	first := l.said.IsZero()
	l.summary, l.said = summary, now
	if first {
		return out // the page says it already
	}
	return append(out, message{Panel: "say", Text: summary})
}
