package endpoint

import "fmt"

// Error says what is wrong with an address. It quotes only the wrong part, because an
// address may contain a password or an API key.
type Error struct {
	Reason string
}

const prefix = "endpoint: "

func (e *Error) Error() string { return prefix + e.Reason }

func wrong(format string, args ...any) error {
	return &Error{Reason: fmt.Sprintf(format, args...)}
}
