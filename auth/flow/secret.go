package flow

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
)

// maxSecret is more than any secret needs, and little enough to read at once.
const maxSecret = 64 << 10

const (
	// Editors and echo leave line ends behind a secret.
	lineEnds = "\r\n"
	// Some editors and servers write one at the beginning (RFC 8259 §8.1).
	byteOrderMark = "\ufeff"
)

// Secret is where a client ID or a client secret comes from. It is read again at
// every use, so that a rotated secret works without a restart. The zero value is
// not set. Printing it shows where it comes from, never the secret.
//
// Make one with [SecretValue], [SecretFile] or [SecretEnv].
type Secret struct {
	// A pointer, because fmt does not call Format for a Secret in an unexported field of
	// another struct, and would print its fields.
	from *secretSource
}

type secretSource struct {
	kind secretKind
	// The secret itself, a path, or a variable's name. A pointer too: with a verb that
	// does not fit fmt prints what the outer pointer points to.
	text *string
}

type secretKind int

const (
	secretValue secretKind = iota + 1
	secretFile
	secretEnv
)

// SecretValue returns a Secret whose value the program already has.
func SecretValue(value string) Secret { return Secret{&secretSource{secretValue, &value}} }

// SecretFile returns a Secret that is read from a regular file of at most 64 KiB. A
// byte order mark and line ends at its end are removed; behind the mark of UTF-16, as
// PowerShell writes it, the text may be in that. Symbolic links are followed,
// since mounted secrets are such links.
func SecretFile(path string) Secret { return Secret{&secretSource{secretFile, &path}} }

// SecretEnv returns a Secret that is read from an environment variable. Line ends at
// its end are removed.
func SecretEnv(name string) Secret { return Secret{&secretSource{secretEnv, &name}} }

// String returns where the secret comes from.
func (s Secret) String() string {
	switch {
	case s.from == nil:
		return "not set"
	case s.from.kind == secretFile:
		return "file " + *s.from.text
	case s.from.kind == secretEnv:
		return "environment variable " + *s.from.text
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

// MarshalJSON writes the description, not the secret.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// IsZero reports whether no secret is set.
func (s Secret) IsZero() bool { return s.from == nil }

// Read returns the secret as it is now, never an empty one. Errors name the
// source, never a value.
func (s Secret) Read() (string, error) {
	if s.from == nil {
		return "", errors.New("not set: use SecretValue, SecretFile or SecretEnv")
	}
	switch s.from.kind {
	case secretFile:
		return readSecretFile(*s.from.text)
	case secretEnv:
		value, ok := os.LookupEnv(*s.from.text)
		if !ok {
			return "", fmt.Errorf("environment variable %s is not set", *s.from.text)
		}
		if value = strings.TrimRight(value, lineEnds); value == "" {
			return "", fmt.Errorf("environment variable %s is empty", *s.from.text)
		}
		return value, nil
	default:
		if *s.from.text == "" {
			return "", errors.New("the given value is empty")
		}
		return *s.from.text, nil
	}
}

// readSecretFile reads a file that may be replaced at this moment. Kubernetes changes a
// symbolic link and then deletes the old file: a reader in between finds no file, and
// succeeds when it tries again.
func readSecretFile(path string) (string, error) { return readReplaced(path, readSecretFileOnce) }

func readReplaced(path string, read func(string) (string, error)) (string, error) {
	const tries = 5
	for try := 1; ; try++ {
		value, err := read(path)
		if !errors.Is(err, fs.ErrNotExist) || try == tries {
			return value, err
		}
		if link, gone := os.Lstat(path); gone != nil || link.Mode()&fs.ModeSymlink == 0 {
			return value, err
		}
	}
}

func readSecretFileOnce(path string) (string, error) {
	// Opening a pipe would wait for its other end, whatever the caller's deadline.
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	if len(content) > maxSecret {
		return "", fmt.Errorf("file %s is larger than %d KiB, which is too large for a secret", path, maxSecret>>10)
	}
	value := strings.TrimRight(utf8Text(content), lineEnds)
	if value == "" {
		return "", fmt.Errorf("file %s is empty", path)
	}
	return value, nil
}
