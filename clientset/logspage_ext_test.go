package clientset_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The table of docs/flows.md has every message that WithLogger can log, at its level.
func TestFlowsPageListsEveryLogMessage(t *testing.T) {
	t.Parallel()
	_, table, ok := strings.Cut(read(t, "../docs/flows.md"), "## What is logged\n")
	if !ok {
		t.Fatal("docs/flows.md does not say what is logged")
	}
	var source strings.Builder
	for _, dir := range []string{"../auth/", "../auth/flow/", "../auth/tokenstore/", "./", "../interceptors/", "../interceptors/httpauth/", "../internal/routing/"} {
		files, err := filepath.Glob(dir + "*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if !strings.HasSuffix(f, "_test.go") {
				source.WriteString(read(t, f))
			}
		}
	}
	calls := regexp.MustCompile(`(?:\.(Debug|Info|Warn)(?:Context\(ctx, |\()|(?:warn|[wW]arnOnce)\(ctx, [^"\n]*(?:"\w+", )?)"([^"]{6,})"`)
	messages := calls.FindAllStringSubmatch(source.String(), -1)
	if len(messages) < 35 {
		t.Errorf("%d messages were found, want at least 35", len(messages))
	}
	for _, m := range messages {
		level, text := m[1], strings.TrimSuffix(m[2], ".")
		if level == "" {
			level = "Warn"
		}
		row := regexp.MustCompile(`(?m)^\| ` + level + ` \| ` + regexp.QuoteMeta(text))
		if !row.MatchString(table) {
			t.Errorf("no row | %s | %s", level, text)
		}
	}
}
