package kubeflow

import (
	"errors"

	"github.com/jetway-go/jetway/platform/internal/secret"
)

// Secret returns a secret. It is asked again at every login, so that a rotated
// one works without a restart. Nil is not set.
type Secret = secret.Source

// SecretValue is a secret that the program already holds.
func SecretValue(value string) Secret { return secret.Value(value) }

// SecretEnv is the content of an environment variable.
func SecretEnv(name string) Secret { return secret.Env(name) }

// SecretFile is the content of a regular file of at most 1 MiB, without line
// ends at its end.
func SecretFile(path string) Secret { return secret.File(path) }

// checkHeader refuses what cannot be the value of a header.
func checkHeader(value string) error {
	for i := range len(value) {
		if value[i] < 0x20 || value[i] > 0x7e {
			return errors.New("holds a line break or another character that no header takes")
		}
	}
	return nil
}
