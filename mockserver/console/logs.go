package console

import (
	"strings"
	"unicode"
)

// Lines of a log in a page at first, and in one message of its stream.
const shownLines = 200

// logView is a part of the log of the selected action.
type logView struct {
	Of      string // which action of which run
	Attempt int
	Lines   []lineView

	next int // line after the last
}

type lineView struct{ Time, Text string }

// logView returns the log of an action of the chosen run from line skip on. With another attempt than
// the given one, it begins anew.
func (c *Console) logView(chosen selection, action string, attempt, skip int) logView {
	b := c.server.Backend()
	lines, first, current := b.LogLines(chosen.project, chosen.domain, chosen.run, action, skip, shownLines)
	if current != attempt && skip > 0 {
		lines, first, current = b.LogLines(chosen.project, chosen.domain, chosen.run, action, 0, shownLines)
	}
	v := logView{Of: c.text(chosen.run) + " · " + c.text(action), Attempt: current, next: first + len(lines)}
	zone := c.server.Now().Location() // that of the other times in the page
	for _, line := range lines {
		v.Lines = append(v.Lines, lineView{line.Time.In(zone).Format("15:04:05.000"), c.line(line.Text)})
	}
	return v
}

// line returns a line of a log as the page shows it.
func (c *Console) line(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return '\uFFFD'
		}
		return r
	}, text)
	return cut(c.server.WithoutSecrets(text), 2000)
}
