package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/cmd/jetway/internal/command"
	"github.com/jetway-go/jetway/cmd/jetway/internal/quickhelp"
	"github.com/jetway-go/jetway/cmd/jetway/internal/stdio"
)

func root() *cobra.Command {
	c := command.New(&command.App{IO: &stdio.Streams{}})
	c.InitDefaultCompletionCmd("completion")
	return c
}

func TestThePageIsWhatTheCommandsSay(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != markdown(root()) {
		t.Error("docs/cli.md is not what the commands say: run make cli-docs")
	}
}

func TestTheQuickHelpIsWhatTheCommandsSay(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"help"}, {"-h"}, {"--help"}} {
		if text, ok := quickhelp.Text(args); !ok || text != help() {
			t.Errorf("%q: quickhelp/help.txt is not what the commands say: run make cli-docs", args)
		}
	}
	if _, ok := quickhelp.Text([]string{"login", "--help"}); ok {
		t.Error("the help of a command is taken for that of jetway")
	}
}

func TestEveryCommandHasAManPageAndAnExample(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := run([]string{"man", dir}); err != nil {
		t.Fatal(err)
	}
	each(root(), func(c *cobra.Command) {
		name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
		if c.Example == "" && !strings.Contains(c.CommandPath(), "completion") {
			t.Errorf("%s has no example", c.CommandPath())
		}
	})
}
