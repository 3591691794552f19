// Command manual writes the manual of jetway from its commands: docs/cli.md, and man
// pages. It is no part of jetway itself.
//
//	go run ./cmd/jetway/internal/manual markdown > docs/cli.md
//	go run ./cmd/jetway/internal/manual help > cmd/jetway/internal/quickhelp/help.txt
//	go run ./cmd/jetway/internal/manual man DIRECTORY
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/jetway-go/jetway/cmd/jetway/internal/command"
	"github.com/jetway-go/jetway/cmd/jetway/internal/stdio"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "manual:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	root := command.New(&command.App{IO: &stdio.Streams{}})
	root.InitDefaultCompletionCmd("completion")
	switch {
	case len(args) == 1 && args[0] == "markdown":
		_, err := os.Stdout.WriteString(markdown(root))
		return err
	case len(args) == 1 && args[0] == "help":
		_, err := os.Stdout.WriteString(help())
		return err
	case len(args) == 2 && args[0] == "man":
		if err := os.MkdirAll(args[1], 0o750); err != nil {
			return err
		}
		// A fixed date, so that the same commands give the same bytes.
		date := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
		return doc.GenManTree(root, &doc.GenManHeader{Title: "JETWAY", Section: "1", Source: "jetway", Date: &date}, args[1])
	default:
		return errors.New("want markdown, help, or man DIRECTORY")
	}
}

// help returns what jetway --help prints.
func help() string {
	var out bytes.Buffer
	command.Run(context.Background(), &command.App{IO: &stdio.Streams{Out: &out, Err: &out}}, []string{"--help"})
	return out.String()
}

// markdown returns the page of all commands.
func markdown(root *cobra.Command) string {
	var b bytes.Buffer
	b.WriteString("# The command jetway\n\nThis page is written from the commands by `make cli-docs`; a test compares the two.\n\n")
	b.WriteString(exitCodes)
	fmt.Fprintf(&b, "## Flags of every command\n\n%s", flags(root.PersistentFlags().FlagUsages()))
	each(root, func(c *cobra.Command) { section(&b, c) })
	return b.String()
}

const exitCodes = `## Exit codes

They stay the same from version to version. With ` + "`-o json`" + ` an error is one line of JSON on
standard error: ` + "`{\"error\":{\"code\":4,\"grpc_code\":\"Unauthenticated\",\"message\":\"…\",\"hint\":\"…\"}}`" + `.

| code | meaning |
| --- | --- |
| 0 | done |
| 1 | anything else |
| 2 | the command line is wrong |
| 3 | a setting, a file or a certificate is wrong or missing |
| 4 | a login is needed, or was rejected |
| 5 | the login lacks a permission |
| 6 | there is no such thing |
| 7 | it exists already, or has changed |
| 8 | not finished in time |
| 9 | the backend cannot be reached now |
| 130 | interrupted |

`

func each(c *cobra.Command, do func(*cobra.Command)) {
	for _, below := range c.Commands() {
		if below.Hidden || below.Name() == "help" {
			continue
		}
		if below.Runnable() && !below.HasSubCommands() {
			do(below)
		}
		each(below, do)
	}
}

func section(b *bytes.Buffer, c *cobra.Command) {
	fmt.Fprintf(b, "\n## %s\n\n", c.CommandPath())
	text := c.Short + "."
	if c.Long != "" {
		text = c.Long
	}
	fmt.Fprintf(b, "%s\n\n```\n%s\n```\n", strings.TrimSpace(text), c.UseLine())
	if c.Example != "" {
		fmt.Fprintf(b, "\nExamples:\n\n```\n%s\n```\n", strings.ReplaceAll(strings.TrimPrefix(c.Example, "  "), "\n  ", "\n"))
	}
	if own := flags(c.LocalNonPersistentFlags().FlagUsages()); own != "" {
		b.WriteString("\n" + own)
	}
}

// flags returns what help says of flags, without help itself; empty without one.
func flags(usages string) string {
	var b strings.Builder
	for line := range strings.Lines(usages) {
		if !strings.Contains(line, "--help ") {
			b.WriteString(line)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "```\n" + b.String() + "```\n"
}
