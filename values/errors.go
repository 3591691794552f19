package values

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/jetway-go/jetway/internal/fault"
)

// Why a value cannot be converted; [errors.Is] finds them in an [*Error].
var (
	// ErrType says that a value has another type than the other side takes.
	ErrType = errors.New("wrong type")
	// ErrRange says that a number, a time or a duration is outside of what the other side
	// can hold, or would lose digits there.
	ErrRange = errors.New("out of range")
	// ErrMissing says that a required input, or an output that was asked for, is not there.
	ErrMissing = errors.New("missing")
	// ErrUnknown says that the task has no input or output of that name.
	ErrUnknown = errors.New("unknown name")
	// ErrTooDeep says that lists, maps or structs are nested more than 64 levels deep, or
	// contain themselves.
	ErrTooDeep = errors.New("nested too deeply")
	// ErrTooMany says that a value has more than 16 Mi parts.
	ErrTooMany = errors.New("too many parts")
	// ErrMalformed says that a literal is damaged, or written in an unknown format.
	ErrMalformed = errors.New("malformed")
	// ErrOffloaded says that the backend keeps the value in storage, since it was too large
	// for a message. Read it into a *corepb.Literal to see where.
	ErrOffloaded = errors.New("value is in storage")
)

// Error is the error of every function of this package.
type Error struct {
	// Path is the place of the value, such as inputs.layers[3].size.
	Path string
	// Err says what is wrong, and wraps one of the errors above, or what a Marshal method
	// of the value returned. It shows no values, which may be secret, other than those that
	// such methods show.
	Err error
}

// maxPath is how many characters of a path an error shows.
const maxPath = 200

// Error returns the path and what is wrong there.
func (e *Error) Error() string {
	return "values: " + fault.Foreign(e.Path, maxPath) + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// wrong makes an error of a kind, with no path yet.
func wrong(kind error, format string, args ...any) error {
	return &Error{Err: fmt.Errorf("%w: "+format, append([]any{kind}, args...)...)}
}

// within adds a step to the front of the path of err.
func within(step string, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Path: step, Err: err}
	}
	if len(e.Path) > 4*maxPath { // the innermost steps are not shown
		return &Error{Path: step, Err: e.Err}
	}
	return &Error{Path: step + e.Path, Err: e.Err}
}

func inItem(i int, err error) error { return within("["+strconv.Itoa(i)+"]", err) }

// inMember names a member of an object; a name that is no identifier is quoted.
func inMember(name string, err error) error {
	if plain(name) {
		return within("."+name, err)
	}
	return within("["+strconv.Quote(fault.Cut(name, maxPath/4))+"]", err)
}

func plain(name string) bool {
	for i, r := range name {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_'
		if !letter && (i == 0 || (r < '0' || r > '9') && r != '-') {
			return false
		}
	}
	return name != "" && len(name) <= maxPath/4
}
