// Package stdio is what a command reads and writes: data to standard output, talk to
// standard error, and what may be done there, such as colours and questions.
//
// Call [System] for the streams of the process; a test fills in [Streams] itself.
package stdio

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
)

// Streams are the three streams of a command and what is known about them. The zero
// value is that of no terminal: no colour, no question.
type Streams struct {
	// In is standard input.
	In io.Reader
	// Out receives data, and nothing else.
	Out io.Writer
	// Err receives what is meant for the person: progress, warnings, errors.
	Err io.Writer
	// InTerminal, OutTerminal and ErrTerminal report which of them are terminals.
	InTerminal, OutTerminal, ErrTerminal bool
	// Plain forbids colours and cursor movements: NO_COLOR, TERM=dumb or --no-color.
	Plain bool
	// Quiet leaves out everything that Notef writes.
	Quiet bool
	// NoInput forbids questions: --no-input.
	NoInput bool
	// Columns is the width of the terminal at the start; zero means unknown.
	Columns int
	// Size returns the size of the terminal now; nil means that it never changes.
	Size func() (columns, rows int)
}

// System returns the streams of this process. It reads NO_COLOR and TERM with lookup.
func System(lookup func(string) (string, bool)) *Streams {
	s := &Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
	if s.ErrTerminal {
		s.Columns, _, _ = term.GetSize(int(os.Stderr.Fd()))
		s.Size = func() (columns, rows int) {
			columns, rows, _ = term.GetSize(int(os.Stderr.Fd()))
			return columns, rows
		}
	}
	none, _ := lookup("NO_COLOR")
	kind, _ := lookup("TERM")
	s.Plain = none != "" || kind == "dumb"
	return s
}

// Window returns how many columns and rows may be drawn on now; 80 and 24 if the terminal
// does not say.
func (s *Streams) Window() (columns, rows int) {
	columns = s.Columns
	if s.Size != nil {
		columns, rows = s.Size()
	}
	if columns <= 0 {
		columns = 80
	}
	if rows <= 0 {
		rows = 24
	}
	return columns, rows
}

// MayAsk reports whether a question would reach a person, and the reply the command.
func (s *Streams) MayAsk() bool { return s.InTerminal && s.ErrTerminal && !s.NoInput }

// MayDraw reports whether lines on Err may be drawn over, as a progress bar is.
func (s *Streams) MayDraw() bool { return s.ErrTerminal && !s.Plain && !s.Quiet }

// Notef tells the person something, on a line of its own. What a server wrote cannot
// control the terminal: control characters are replaced, here and in Warn.
func (s *Streams) Notef(format string, args ...any) {
	if !s.Quiet {
		fmt.Fprintln(s.Err, show.CleanText(fmt.Sprintf(format, args...)))
	}
}

// Warnf tells the person something that they should know although the command goes on.
func (s *Streams) Warnf(format string, args ...any) {
	fmt.Fprintln(s.Err, s.Paint(Yellow, "warning:"), show.CleanText(fmt.Sprintf(format, args...)))
}

// Colour is an SGR code of a terminal.
type Colour string

// The colours that commands use.
const (
	Red    Colour = "31"
	Green  Colour = "32"
	Yellow Colour = "33"
	Blue   Colour = "34"
	Faint  Colour = "2"
	Bold   Colour = "1"
)

// Paint returns text in a colour, for Err; as it is where colours are not allowed.
func (s *Streams) Paint(c Colour, text string) string {
	if s.Plain || !s.ErrTerminal {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}
