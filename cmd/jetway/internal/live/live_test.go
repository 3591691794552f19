package live

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/cmd/jetway/internal/stdio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCutFitsEveryLineIntoTheTerminal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line    string
		columns int
		want    string
	}{
		{"abc", 4, "abc"},
		{"abcd", 4, "ab…"},
		{"abc", 0, "abc"},
		{strings.Repeat("x", 80), 0, strings.Repeat("x", 78) + "…"},
		{"\u65e5\u672c\u8a9e", 7, "\u65e5\u672c\u8a9e"},
		{"\u65e5\u672c\u8a9e", 6, "\u65e5\u672c…"},
		{"\u65e5\u672c\u8a9e", 5, "\u65e5…"},
		{"e\u0301e\u0301e\u0301", 4, "e\u0301e\u0301e\u0301"},
		{"a\x1b[2Jb", 20, "a\ufffd[2Jb"},
		{"a\nb", 20, "a\ufffdb"},
		{"abc", 2, "…"},
		{"abc", 1, ""},
		{"", 1, ""},
		{"🚀🚀", 6, "🚀🚀"},
		{strings.Repeat("\u0301", 1<<20), 10, strings.Repeat("\u0301", 4096) + "…"},
	} {
		if got := Cut(tt.line, tt.columns); got != tt.want {
			t.Errorf("Cut(%.40q, %d) is %.60q, want %.60q", tt.line, tt.columns, got, tt.want)
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add("\u65e5\u672c\x1b[1mx\u0301", 5)
	f.Fuzz(func(t *testing.T, line string, columns int) {
		columns = 1 + columns&0xff
		got := Cut(line, columns)
		if show.Width(got) >= columns || got != show.Clean(got) || !utf8.ValidString(got) {
			t.Errorf("Cut(%q, %d) is %q", line, columns, got)
		}
	})
}

// terminal is one of a size that changes.
type terminal struct {
	mu            sync.Mutex
	text          strings.Builder
	columns, rows int
}

func (w *terminal) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

// said returns what was written since the last call.
func (w *terminal) said() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.text.Reset()
	return w.text.String()
}

func (w *terminal) streams() *stdio.Streams {
	return &stdio.Streams{Err: w, ErrTerminal: true, Size: func() (int, int) { return w.columns, w.rows }}
}

const begin, end = "\x1b[?7l", "\x1b[?7h"

func TestDrawReplacesWhatWasDrawn(t *testing.T) {
	t.Parallel()
	w := &terminal{columns: 20, rows: 5}
	s := New(w.streams())
	s.Draw([]string{"one", "two"})
	if got := w.said(); got != begin+"one\ntwo\n"+end {
		t.Errorf("first %q", got)
	}
	s.Draw([]string{"one", "two"})
	if got := w.said(); got != "" {
		t.Errorf("the same again wrote %q", got)
	}
	s.Draw([]string{"three"})
	if got := w.said(); got != begin+"\x1b[2A\r\x1b[Jthree\n"+end {
		t.Errorf("then %q", got)
	}
	s.Close(false)
	if got := w.said(); got != "\x1b[1A\r\x1b[J" {
		t.Errorf("at the end %q", got)
	}
	s.Close(false)
	if got := w.said(); got != "" {
		t.Errorf("closed twice: %q", got)
	}
}

func TestDrawKeepsToTheTerminalsRows(t *testing.T) {
	t.Parallel()
	w := &terminal{columns: 20, rows: 4}
	s := New(w.streams())
	lines := []string{"1", "2", "3", "4", "5"}
	s.Draw(lines)
	if got := w.said(); got != begin+"1\n2\n… 3 more\n"+end {
		t.Errorf("drew %q", got)
	}
	if fmt.Sprint(lines) != "[1 2 3 4 5]" {
		t.Errorf("the caller's lines became %q", lines)
	}
	if s.Rows() != 3 {
		t.Errorf("%d rows", s.Rows())
	}
}

func TestDrawErasesTheRowsOfLinesThatANarrowerTerminalHasBroken(t *testing.T) {
	t.Parallel()
	w := &terminal{columns: 40, rows: 24}
	s := New(w.streams())
	s.Draw([]string{strings.Repeat("x", 30), "y"})
	w.said()
	w.columns = 10
	s.Draw([]string{"z"})
	if got := w.said(); !strings.HasPrefix(got, begin+"\x1b[4A\r\x1b[J") {
		t.Errorf("erased %q, want three rows and one", got)
	}
}

func TestNothingIsDrawnWithoutATerminal(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*stdio.Streams){
		"no terminal": func(s *stdio.Streams) { s.ErrTerminal = false },
		"plain":       func(s *stdio.Streams) { s.Plain = true },
		"quiet":       func(s *stdio.Streams) { s.Quiet = true },
	} {
		w := &terminal{columns: 20, rows: 4}
		io := w.streams()
		change(io)
		s := New(io)
		s.Draw([]string{"x"})
		s.Close(false)
		Spinner(io, func() string { return "y" })()
		if got := w.said(); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestSpinnerSaysWhatIsWaitedForAndHowLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &terminal{columns: 60, rows: 4}
		stop := Spinner(w.streams(), func() string { return "waiting for it" })
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		if got := w.said(); got != "" {
			t.Errorf("what is quick said %q", got)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := w.said(); !strings.Contains(got, "waiting for it (3s)") {
			t.Errorf("after three seconds %q", got)
		}
		stop()
		if got := w.said(); got != "\x1b[1A\r\x1b[J" {
			t.Errorf("at the end %q", got)
		}
		stop()
	})
}
