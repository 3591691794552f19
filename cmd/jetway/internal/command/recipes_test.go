package command

import (
	"io"
	"os"
	"os/exec"
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

func TestTheRecipeForGitGivesNoPasswordWithoutAToken(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../../docs/recipes.md")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^ +helper = "!(.*)"$`).FindSubmatch(page)
	if line == nil {
		t.Fatal("there is no helper")
	}
	helper := strings.ReplaceAll(string(line[1]), `\"`, `"`) // as git reads it
	for token, want := range map[string]string{
		"echo secret": "username=oauth2\npassword=secret\n",
		"exit 4":      "",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "jetway"), []byte("#!/bin/sh\n"+token+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		c := exec.Command("sh", "-c", helper+` "$@"`, "sh", "get")
		c.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH")}
		if got, _ := c.Output(); string(got) != want { // git looks at what it prints
			t.Errorf("with %q it prints %q, want %q", token, got, want)
		}
	}
}
