package mock

import (
	"errors"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/console"
	"github.com/jetway-go/jetway/mockserver/control"
)

// misuse is an error of a flag's value.
type misuse struct{ err error }

func (m *misuse) Error() string { return m.err.Error() }
func (m *misuse) Unwrap() error { return m.err }

// Misused reports whether an error of [Run] is one of its flags or of a file that they name:
// the same command line fails again, unless that file changes.
func Misused(err error) bool {
	if _, ok := errors.AsType[*misuse](err); ok {
		return true
	}
	for _, of := range []error{mockserver.ErrOption, console.ErrNotLoopback, control.ErrNotLoopback, control.ErrWeakSecret} {
		if errors.Is(err, of) {
			return true
		}
	}
	return false
}
