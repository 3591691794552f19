package command

import (
	_ "embed"
	"strings"

	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
)

// rootHelp is the help of the root command, written by make cli-docs; a test compares it
// with what the commands say.
//
//go:embed help.txt
var rootHelp string

// QuickHelp returns the text of a command line that asks for the help of jetway itself: it is
// printed often, by people and by programs that look whether jetway is there, and needs no
// commands to be made.
func QuickHelp(args []string) (string, bool) {
	switch strings.Join(args, " ") {
	case "", "help", "-h", "--help":
		return rootHelp, true
	default:
		return "", false
	}
}

// Written returns the exit code of a command that had only a text to write.
func Written(err error) int {
	if err != nil {
		return failure.General
	}
	return failure.OK
}

// InterruptedCode is the exit code of a command that a signal has ended.
const InterruptedCode = failure.Interrupted
