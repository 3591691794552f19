package nublado

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/jetway-go/jetway/platform/internal/smallfile"
	"github.com/jetway-go/jetway/platform/nublado/gafaelfawr"
)

// Secret is where a token comes from. It is read again whenever a token is needed,
// so that one that was replaced works without a restart. Printing it tells where
// it comes from, never what it is.
//
// Make one with [Value], [File] or [Env].
type Secret struct {
	// A pointer, because fmt prints plain fields of a struct that sits in somebody
	// else's unexported field without asking Format.
	from *secretSource
}

type secretSource struct {
	// A pointer again: fmt shows the fields of a struct when a verb does not fit.
	value          *string
	path, variable string
}

// Value is a token that the program holds already.
func Value(token string) Secret { return Secret{&secretSource{value: &token}} }

// File is a token in a file, with or without white space around it, as Kubernetes
// mounts secrets.
func File(path string) Secret { return Secret{&secretSource{path: path}} }

// Env is a token in an environment variable.
func Env(name string) Secret { return Secret{&secretSource{variable: name}} }

// String tells where the token comes from.
func (s Secret) String() string {
	switch {
	case s.from == nil:
		return "not set"
	case s.from.path != "":
		return "file " + s.from.path
	case s.from.variable != "":
		return s.from.variable
	default:
		return "[redacted]"
	}
}

// GoString is String, so that %#v shows no secret either.
func (s Secret) GoString() string { return s.String() }

// Format is String for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, s.String()) }

// LogValue is String for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON writes String.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// read returns the token as it is now. name is the field of a program's own value.
func (s Secret) read(at surroundings, name string) (gafaelfawr.Token, error) {
	if s.from == nil {
		return gafaelfawr.Token{}, &Error{Input: name, Err: errors.New("is not set: use Value, File or Env")}
	}
	text := ""
	switch {
	case s.from.value != nil:
		text = strings.TrimSpace(*s.from.value)
	case s.from.path != "":
		name = s.String()
		content, err := smallfile.Read(s.from.path)
		if err != nil {
			return gafaelfawr.Token{}, &Error{Input: "token file", Err: err}
		}
		text = strings.TrimSpace(string(content))
	case s.from.variable != "":
		name = s.from.variable
		text = at.variable(name)
	}
	if text == "" {
		return gafaelfawr.Token{}, &Error{Input: name, Err: errors.New("is not set or empty: it must hold a token")}
	}
	t, err := gafaelfawr.ParseToken(text)
	if err != nil {
		return gafaelfawr.Token{}, &Error{Input: cmp.Or(name, "token"), Err: err}
	}
	return t, nil
}
