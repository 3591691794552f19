package state

import (
	"errors"
)

// Why [Open] refuses a file.
var (
	// ErrNotOurs means that the file is something else than state of the mock.
	ErrNotOurs = errors.New("it is no state of jetway's mock")
	// ErrNewer means that a newer program has written the file.
	ErrNewer = errors.New("a newer version of jetway has written it")
	// ErrBroken means that a part of the file is missing or was changed.
	ErrBroken = errors.New("it is broken")
	// ErrLocked means that another process has the file open.
	ErrLocked = errors.New("another process has it open")
	// ErrReadOnly means that the file may not be written.
	ErrReadOnly = errors.New("it may not be written")
)

// doBroken is what to do about a broken file.
const doBroken = "restore a copy, or move it away to start with an empty state"

// Error is a failed operation on a file.
type Error struct {
	// Path is the file's name.
	Path string
	// Op is "open", "create", "bring up to date", "read", "write" or "close".
	Op string
	// Err is the cause.
	Err error
	// Do says what to do next; may be empty.
	Do string
}

// Error returns the operation, the file, the cause and what to do.
func (e *Error) Error() string {
	text := "state: " + e.Op + " " + e.Path + ": " + e.Err.Error()
	if e.Do != "" {
		text += "; " + e.Do
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
