// Package secret gives programs one way to say where a secret comes from. A
// secret is a function, so that printing whatever holds one shows an address, and
// so that a rotated one works without a restart.
//
// The platform packages name [Source] in their configurations; they call
// [Source.Read], which names the field that lacks one.
package secret

import (
	"fmt"
	"os"
	"strings"

	"github.com/jetway-go/jetway/platform/internal/smallfile"
)

// Source returns a secret as it is now. It may be called from several goroutines.
// Nil is not set. Its errors name where it looked, never what it found.
type Source func() (string, error)

// Value is a secret that the program already holds.
func Value(value string) Source { return func() (string, error) { return value, nil } }

// Env is the content of an environment variable.
func Env(name string) Source {
	return func() (string, error) {
		value := os.Getenv(name)
		if value == "" {
			return "", fmt.Errorf("environment variable %s is not set", name)
		}
		return value, nil
	}
}

// File is the content of a regular file of at most 1 MiB, without line ends at
// its end.
func File(path string) Source {
	return func() (string, error) {
		content, err := smallfile.Read(path)
		return strings.TrimRight(string(content), "\r\n"), err
	}
}

// Read returns the secret, or an error that begins with the name of what holds it.
func (s Source) Read(field string) (string, error) {
	if s == nil {
		return "", fmt.Errorf("%s is not set", field)
	}
	value, err := s()
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", field, err)
	case value == "":
		return "", fmt.Errorf("%s is empty", field)
	}
	return value, nil
}
