package seed

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong in a seed file.
type Problem struct {
	// Line is where it is, from 1.
	Line int
	// Text says what is wrong and what to write instead. It holds no value of the file
	// that may be a secret.
	Text string
}

// Error is the error of a seed file that cannot be read or applied.
type Error struct {
	// Problems are at least one, in the order of the file.
	Problems []Problem
	// Err is the status with which the mock refused an entry; nil if the file could not be
	// read.
	Err error
}

// Error returns every problem with its line.
func (e *Error) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = fmt.Sprintf("line %d: %s", p.Line, p.Text)
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }
