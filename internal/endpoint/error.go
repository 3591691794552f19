package endpoint

import "fmt"

// Error says what is wrong with an address. It quotes at most the offending
// part, because an address may have a password or a whole API key in it.
type Error struct {
	Reason string
}

const prefix = "endpoint: "

func (e *Error) Error() string { return prefix + e.Reason }

func wrong(format string, args ...any) error {
	return &Error{Reason: fmt.Sprintf(format, args...)}
}
