// Package quickhelp prints the help of jetway itself before anything else of the program
// starts. People and scripts call jetway --help just to see whether it is there; the
// protocol's messages, which every other command needs, cost several times as much.
//
// Import it for its effect: it imports next to nothing, and so is initialized early (the Go
// specification's order of package initialization). In a program that is not called jetway it
// does nothing, and the commands print the same text.
package quickhelp

import (
	_ "embed"
	"os"
	"path/filepath"
	"strings"
)

// text is what the commands say, written by make cli-docs; a test compares the two.
//
//go:embed help.txt
var text string

func init() { //nolint:gochecknoinits // main is too late: see above
	program := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	help, asked := Text(os.Args[1:])
	if program != "jetway" || !asked {
		return
	}
	if _, err := os.Stdout.WriteString(help); err != nil {
		_, _ = os.Stderr.WriteString("error: " + err.Error() + "\n")
		os.Exit(1)
	}
	os.Exit(0)
}

// Text returns the help that a command line asks for, and reports whether it asks for that
// of jetway itself and nothing else.
func Text(args []string) (string, bool) {
	switch strings.Join(args, " ") {
	case "", "help", "-h", "--help":
		return text, true
	default:
		return "", false
	}
}
