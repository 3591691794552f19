package repertoire

import (
	"errors"
	"fmt"
)

var (
	// ErrURL says that nobody told where the service is.
	ErrURL = errors.New("REPERTOIRE_BASE_URL not set in environment")
	// ErrWeb says that the service could not be asked.
	ErrWeb = errors.New("service discovery failed")
	// ErrValidation says that what it answered is no discovery document.
	ErrValidation = errors.New("invalid service discovery document")
)

// Error is the error of this package. errors.Is finds its Kind in it.
type Error struct {
	// Kind is [ErrURL], [ErrWeb] or [ErrValidation].
	Kind error
	// URL is what was asked; empty for ErrURL.
	URL string
	// Status is the HTTP status; zero when there was no answer.
	Status int
	// Reason says what was wrong.
	Reason string
	// Err is what the network said; may be nil.
	Err error
}

func (e *Error) Error() string {
	if e.URL == "" {
		return e.Reason
	}
	return fmt.Sprintf("%v: GET %s: %s", e.Kind, e.URL, e.Reason)
}

// Unwrap returns the kind and the network's error.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}
