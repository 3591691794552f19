// Package live draws lines on a terminal over what it drew before: a tree that changes,
// bars, or a spinner. Without a terminal that draws it shows nothing.
//
// Make a [Screen], call Draw as often as there is something new, and Close at the end; or
// call [Spinner] around what takes long.
package live

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/cmd/jetway/internal/stdio"
)

// Screen is a block of lines at the end of the terminal. It is safe for concurrent use.
// It changes no mode of the terminal for longer than one write, so that a program that is
// ended at any moment leaves nothing to restore.
type Screen struct {
	mu    sync.Mutex
	io    *stdio.Streams
	drawn []string // what is on the terminal, as it was cut
	at    [2]int   // the size that it was drawn for
}

// New returns a screen on standard error.
func New(io *stdio.Streams) *Screen { return &Screen{io: io} }

// Rows returns how many lines Draw shows of all that it is given.
func (s *Screen) Rows() int {
	_, rows := s.io.Window()
	return max(rows-1, 1)
}

// Draw replaces what was drawn by lines. Each is cut to the width of the terminal; where
// there are more than the terminal has rows, the last ones are left out, and counted.
func (s *Screen) Draw(lines []string) {
	if !s.io.MayDraw() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	columns, rows := s.io.Window()
	if most := max(rows-1, 1); len(lines) > most {
		lines = append(lines[:most-1:most-1], fmt.Sprintf("… %d more", len(lines)-most+1))
	}
	cut := make([]string, len(lines))
	for i, line := range lines {
		cut[i] = Cut(line, columns)
	}
	if s.at == [2]int{columns, rows} && slices.Equal(cut, s.drawn) {
		return
	}
	var b strings.Builder
	b.WriteString("\x1b[?7l") // no new row for a line that is wider than it seemed
	s.erase(&b, columns)
	for _, line := range cut {
		b.WriteString(line + "\n")
	}
	b.WriteString("\x1b[?7h")
	s.drawn, s.at = cut, [2]int{columns, rows}
	fmt.Fprint(s.io.Err, b.String())
}

// Close erases what was drawn, or leaves it on the terminal.
func (s *Screen) Close(leave bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !leave {
		var b strings.Builder
		columns, _ := s.io.Window()
		s.erase(&b, columns)
		fmt.Fprint(s.io.Err, b.String())
	}
	s.drawn = nil
}

// erase moves up over what was drawn and clears it. Terminals that have become narrower
// since have broken lines into several rows.
func (s *Screen) erase(b *strings.Builder, columns int) {
	rows := 0
	for _, line := range s.drawn {
		rows += max(1, (show.Width(line)+columns-1)/columns)
	}
	if rows > 0 {
		fmt.Fprintf(b, "\x1b[%dA\r\x1b[J", rows)
	}
}
