package clientset_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pages are the documents that link to each other and into the code.
func pages(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"../*.md", "../docs/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		all = append(all, found...)
	}
	return all
}

func TestLinksOfThePagesResolve(t *testing.T) {
	t.Parallel()
	links := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	count := 0
	for _, page := range pages(t) {
		for _, m := range links.FindAllStringSubmatch(withoutCode(read(t, page)), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			count++
			file, anchor, _ := strings.Cut(m[1], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which does not exist", page, m[1])
				continue
			}
			if anchor != "" && !strings.Contains(anchors(read(t, target)), " "+anchor+" ") {
				t.Errorf("%s links to %s: no such heading", page, m[1])
			}
		}
	}
	if count < 50 {
		t.Errorf("%d links were found, want at least 50", count)
	}
}

// anchors are the names of the headings, as GitHub makes them.
func anchors(text string) string {
	var b strings.Builder
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(withoutCode(text), -1) {
		name := regexp.MustCompile(`[^\p{L}\p{N}\- _]`).ReplaceAllString(strings.ToLower(m[1]), "")
		b.WriteString(" " + strings.ReplaceAll(name, " ", "-") + " ")
	}
	return b.String()
}

func withoutCode(text string) string {
	return regexp.MustCompile("(?s)```.*?```").ReplaceAllString(text, "")
}

// A reader is promised that the files to read first are few.
func TestReadingOrderHasAtMost900Lines(t *testing.T) {
	t.Parallel()
	_, section, ok := strings.Cut(read(t, "../docs/architecture.md"), "## What to read first\n")
	if !ok {
		t.Fatal("docs/architecture.md says nothing of what to read first")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	files := regexp.MustCompile(`(?m)^\d+\. \[[^\]]*\]\(\.\./([^)]+\.go)\)`).FindAllStringSubmatch(section, -1)
	if len(files) < 4 {
		t.Errorf("%d files in the reading order, want at least 4", len(files))
	}
	lines := 0
	for _, f := range files {
		lines += strings.Count(read(t, filepath.Join("..", f[1])), "\n")
	}
	if lines > 900 {
		t.Errorf("the reading order has %d lines, want at most 900", lines)
	}
}

// The map has a row for every package. Modules of tests, programs and what the command is
// made of have one for all of their kind.
func TestArchitectureNamesEveryPackage(t *testing.T) {
	t.Parallel()
	_, rows, ok := strings.Cut(read(t, "../docs/architecture.md"), "\n## Packages\n")
	rows, _, _ = strings.Cut(rows, "\n## ")
	if !ok {
		t.Fatal("docs/architecture.md has no list of packages")
	}
	inOneRow := []string{"gen", "bench", "integration", "examples", "tools", "cmd/jetway/internal"}
	named, root := map[string]bool{}, os.DirFS("..")
	err := fs.WalkDir(root, ".", func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if base := path.Base(dir); slices.Contains(inOneRow, dir) || base == "testdata" || base != "." && base[0] == '.' {
			return fs.SkipDir
		}
		files, err := fs.Glob(root, path.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			return err
		}
		named[dir] = regexp.MustCompile("[`/]" + path.Base(dir) + "`").MatchString(rows)
		return nil
	})
	if err != nil || len(named) < 50 {
		t.Fatalf("%d packages were found, want at least 50: %v", len(named), err)
	}
	for dir, hasRow := range named {
		if !hasRow {
			t.Errorf("docs/architecture.md has no row for %s", dir)
		}
	}
}
