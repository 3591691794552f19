package command

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
)

// strict has cobra's own commands refuse what does not exist, as the others do.
func strict(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "completion":
			c.Args, c.RunE = unknown, func(c *cobra.Command, _ []string) error { return c.Help() }
		case "help":
			c.Args = func(_ *cobra.Command, args []string) error {
				found, rest, err := root.Find(args)
				if err != nil || len(rest) == 0 {
					return err
				}
				return unknown(found, rest)
			}
		}
	}
}

// unknown returns an error for an argument of a command that only has commands below it,
// with those that the person may have meant.
func unknown(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "run: " + c.CommandPath() + " --help"
	c.SuggestionsMinimumDistance = 2
	if meant := c.SuggestionsFor(args[0]); len(meant) > 0 {
		hint = "did you mean " + strings.Join(meant, " or ") + "? " + hint
	}
	return failure.Exit(failure.Misuse, fmt.Errorf("unknown command %q for %q", args[0], c.CommandPath()), hint)
}

// wrongFlag is the error of a flag that does not exist, or of its value.
func wrongFlag(c *cobra.Command, err error) error {
	// strconv names its own function, which is of no interest here.
	text := regexp.MustCompile(`strconv\.Parse\w+: parsing ".*": `).ReplaceAllString(err.Error(), "")
	return failure.Exit(failure.Misuse, errors.New(text), "run: "+c.CommandPath()+" --help")
}

// asksForJSON reports whether a command line has -o json: a flag that is wrong ends the
// parsing, and those behind it were not read.
func asksForJSON(args []string) bool {
	for i, arg := range args {
		switch arg {
		case "--":
			return false
		case "-o", "--output":
			if i+1 < len(args) && args[i+1] == string(show.JSON) {
				return true
			}
		case "-ojson", "-o=json", "--output=json":
			return true
		}
	}
	return false
}

// misuse gives the errors that cobra itself makes the exit code of a wrong command line.
func misuse(c *cobra.Command, err error) error {
	if failure.Of(err).Exit != failure.General {
		return err // which says it itself
	}
	text := err.Error()
	if given := wrongArguments(c, text); given != "" {
		return failure.Exit(failure.Misuse, errors.New(given), "run: "+c.CommandPath()+" --help")
	}
	for _, prefix := range []string{
		"unknown command", "required flag", "invalid argument", "if any flags in the group",
		"at least one of the flags",
	} {
		if strings.HasPrefix(text, prefix) {
			return failure.Exit(failure.Misuse, err, "run: "+c.CommandPath()+" --help")
		}
	}
	return err
}

// wrongArguments says what arguments a command takes, for cobra's error of their number; empty
// for another error.
func wrongArguments(c *cobra.Command, text string) string {
	_, wants, _ := strings.Cut(c.Use, " ")
	if after, ok := strings.CutPrefix(text, "unknown command "); ok && wants == "" && !c.HasSubCommands() {
		given, _, _ := strings.Cut(after, " for ")
		return fmt.Sprintf("%s takes no arguments, and has %s", c.CommandPath(), given)
	}
	number := regexp.MustCompile(`^accepts .*, received (\d+)$`).FindStringSubmatch(text)
	switch {
	case number == nil:
		return ""
	case number[1] == "0":
		return fmt.Sprintf("%s wants %s", c.CommandPath(), wants)
	default:
		return fmt.Sprintf("%s wants %s, and has %s arguments", c.CommandPath(), wants, number[1])
	}
}
