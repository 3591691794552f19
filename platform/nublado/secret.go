package nublado

import (
	"fmt"
	"strings"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform/nublado/gafaelfawr"
)

// Secret is where a token comes from. It is read again whenever a token is needed,
// so that one that was replaced works without a restart. The zero value is not set.
type Secret = flow.Secret

// SecretValue is a token that the program already holds.
func SecretValue(token string) Secret { return flow.SecretValue(token) }

// SecretEnv is a token in an environment variable.
func SecretEnv(name string) Secret { return flow.SecretEnv(name) }

// SecretFile is a token in a regular file, with or without white space around it, as
// Kubernetes mounts secrets.
func SecretFile(path string) Secret { return flow.SecretFile(path) }

// readToken returns the token as it is now, and names the field in errors.
func readToken(s Secret, field string) (gafaelfawr.Token, error) {
	text, err := s.Read()
	if err != nil {
		return gafaelfawr.Token{}, &Error{Input: field, Err: err}
	}
	t, err := gafaelfawr.ParseToken(strings.TrimSpace(text))
	if err != nil {
		return gafaelfawr.Token{}, &Error{Input: field, Err: fmt.Errorf("%w (%v)", err, s)}
	}
	return t, nil
}
