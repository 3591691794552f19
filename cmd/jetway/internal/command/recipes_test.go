package command

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/cmd/jetway/internal/stdio"
)

// A page shows commands that exist, with flags that they have.
func TestPagesShowCommandsAndFlagsThatExist(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../../../docs/*.md")
	if err != nil || len(pages) < 20 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	shown := 0
	for _, page := range append(pages, "../../../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range regexp.MustCompile("(?m)(?:^ +|\\$\\(|`)jetway ([a-z][^\\n|)`]*)").FindAllStringSubmatch(string(text), -1) {
			shown++
			words := strings.Fields(line[1])
			root := New(&App{IO: &stdio.Streams{Out: io.Discard, Err: io.Discard}})
			root.InitDefaultCompletionCmd(words...)
			c, rest, err := root.Find(words)
			if err != nil || c == root {
				t.Errorf("%s: jetway %s: %v", page, line[1], err)
				continue
			}
			for _, word := range rest {
				name, _, _ := strings.Cut(word, "=")
				if long, ok := strings.CutPrefix(strings.TrimRight(name, `";`), "--"); ok && c.Flag(long) == nil {
					t.Errorf("%s: jetway %s: there is no flag --%s", page, line[1], long)
				}
			}
		}
	}
	if shown < 40 {
		t.Errorf("%d commands were found, want at least 40", shown)
	}
}
