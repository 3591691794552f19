package sse_test

import (
	"strings"
	"testing"

	"github.com/jetway-go/jetway/platform/internal/sse"
)

// FuzzEvents compares with a reader of the whole text, one line after the other.
func FuzzEvents(f *testing.F) {
	for _, text := range []string{"data: {\"progress\":50}\n\ndata: {\"ready\":true}\n\n", "\n\ndata: {\"progress\":100}\n\n", "data: a\ndata:b\n\ndata", ": c\r\n\r\ndata: x\r\n\r\n", "data\n\n", "event: x\nid: 1\n\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want []string
		var event []string
		for line := range strings.Lines(text) {
			line, whole := strings.CutSuffix(line, "\n")
			if !whole {
				break
			}
			line = strings.TrimSuffix(line, "\r")
			name, value, _ := strings.Cut(line, ":")
			switch {
			case line == "" && event != nil:
				want, event = append(want, strings.Join(event, "\n")), nil
			case name == "data":
				event = append(event, strings.TrimPrefix(value, " "))
			}
		}
		lines, read := sse.New(strings.NewReader(text), func() {}), 0
		for {
			data, err := lines.Next()
			if err != nil {
				break
			}
			if read >= len(want) || string(data) != want[read] {
				t.Fatalf("event %d of %q is %q, want %q", read, text, data, want)
			}
			read++
		}
		if read != len(want) {
			t.Fatalf("%d events of %q, want %q", read, text, want)
		}
	})
}
