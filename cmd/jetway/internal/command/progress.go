package command

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jetway-go/jetway/cmd/jetway/internal/live"
	"github.com/jetway-go/jetway/cmd/jetway/internal/stdio"
	"github.com/jetway-go/jetway/transfer"
)

// bars shows the transfers under way, a line each, and below them how many are done.
type bars struct {
	mu     sync.Mutex
	screen *live.Screen
	names  []string
	now    map[string]transfer.Progress
	done   int
	bytes  int64 // of those that are done
}

func newBars(io *stdio.Streams) *bars {
	return &bars{screen: live.New(io), now: map[string]transfer.Progress{}}
}

// report takes in how far a transfer is.
func (b *bars) report(p transfer.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, there := b.now[p.Name]; !there {
		b.names = append(b.names, p.Name)
	}
	b.now[p.Name] = p
	if p.Total >= 0 && p.Bytes >= p.Total { // done: its line makes room
		delete(b.now, p.Name)
		b.names = slices.DeleteFunc(b.names, func(name string) bool { return name == p.Name })
		b.done++
		b.bytes += p.Total
	}
	lines := make([]string, len(b.names), len(b.names)+1)
	for i, name := range b.names {
		lines[i] = bar(b.now[name])
	}
	if b.done > 0 {
		lines = append(lines, fmt.Sprintf("%d done, %s", b.done, bytes(b.bytes)))
	}
	b.screen.Draw(lines)
}

func (b *bars) close() { b.screen.Close(false) }

// bar returns a transfer as a line: a bar, bytes, rate, time left, name.
func bar(p transfer.Progress) string {
	const width = 20
	rate := bytes(int64(p.Rate))
	if p.Total <= 0 {
		return fmt.Sprintf("%9s  %9s/s  %s", bytes(p.Bytes), rate, p.Name)
	}
	moved := min(max(p.Bytes, 0), p.Total) // a file may grow while it is sent
	full := int(float64(moved) / float64(p.Total) * width)
	left := "-"
	if p.Rate > 0 {
		left = remaining(float64(p.Total-moved) / p.Rate)
	}
	return fmt.Sprintf("[%s%s] %9s of %s  %9s/s  %s left  %s", strings.Repeat("#", full), strings.Repeat(".", width-full),
		bytes(moved), bytes(p.Total), rate, left, p.Name)
}

// remaining returns a time in seconds for people.
func remaining(seconds float64) string {
	const most = 100 * time.Hour
	if seconds >= most.Seconds() {
		return "days"
	}
	return short(time.Duration(seconds * float64(time.Second)).Round(time.Second))
}

// bytes returns a size for people, in powers of 1024.
func bytes(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", max(n, 0))
	}
	size, at := float64(n)/unit, 0
	for size >= unit-0.05 && at < 5 { // what would be shown as 1024.0
		size /= unit
		at++
	}
	return fmt.Sprintf("%.1f %ciB", size, "KMGTPE"[at])
}
