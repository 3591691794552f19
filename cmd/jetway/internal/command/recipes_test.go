package command

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/cmd/jetway/internal/stdio"
)

// A page shows commands that exist, with flags that they have.
func TestPagesShowCommandsAndFlagsThatExist(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"README.md", "docs/recipes.md", "docs/languages.md"} {
		text, err := os.ReadFile("../../../../" + page)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range regexp.MustCompile(`(?m)(?:^ +|\$\()jetway ([a-z][^\n|)]*)`).FindAllStringSubmatch(string(text), -1) {
			words := strings.Fields(line[1])
			root := New(&App{IO: &stdio.Streams{Out: io.Discard, Err: io.Discard}})
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
}
