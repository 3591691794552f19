package redisstore

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
)

// SealKey is a key for AES-256-GCM. Printing it shows its ID only.
type SealKey struct {
	// ID is stored with each value, so that the key for it is found: 1 to 32 of the
	// characters a-z, A-Z, 0-9, '-', '_' and '.'.
	ID string
	// Secret has 32 bytes of a random source.
	Secret []byte
}

// Format writes the ID, for every verb.
func (k SealKey) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "key %q", k.ID) }

// LogValue is Format for slog.
func (k SealKey) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(k)) }

var errNotJSON = errors.New("a redisstore.SealKey is not written as JSON, since it holds a secret")

// MarshalJSON returns an error, so that the secret gets into no log that is JSON.
func (k SealKey) MarshalJSON() ([]byte, error) { return nil, errNotJSON }

// Keys returns the keys of a Store: the first one seals, all of them open. A value that an
// older key has sealed is sealed with the first one when it is written next. A Store asks
// at the first need, once a minute after that, and when it finds a value of another key: one
// call at a time. It waits for an answer as long as for Redis ([WithTimeLimit]); without one
// the keys that it has remain in use.
//
// To replace a key, add the new one behind the old one in every program, then put it
// first, and remove the old one once every login was renewed.
type Keys func(ctx context.Context) ([]SealKey, error)

// FixedKeys returns keys that the program has.
func FixedKeys(keys ...SealKey) Keys {
	return func(context.Context) ([]SealKey, error) { return keys, nil }
}

// KeysFromFile reads keys from a file, a mounted secret for example: one a line, as its ID, a
// colon, and the 32 bytes in base64 (openssl rand -base64 32). Empty lines and lines that
// begin with # do not count.
func KeysFromFile(path string) Keys {
	return func(context.Context) ([]SealKey, error) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return parseKeys(path, strings.Split(string(text), "\n"))
	}
}

// KeysFromEnv reads keys from an environment variable: as in a file (see [KeysFromFile]),
// with spaces in place of line ends.
func KeysFromEnv(name string) Keys {
	return func(context.Context) ([]SealKey, error) {
		return parseKeys("$"+name, strings.Fields(os.Getenv(name)))
	}
}

// parseKeys never quotes a line.
func parseKeys(from string, lines []string) (keys []SealKey, err error) {
	for i, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, text, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("key %d in %s: want an ID, a colon and 32 bytes in base64", i+1, from)
		}
		secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("key %d in %s: what follows the colon is no base64 (openssl rand -base64 32 makes a key)", i+1, from)
		}
		keys = append(keys, SealKey{ID: id, Secret: secret})
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("there is no key in %s: add a line with an ID, a colon and 32 bytes in base64", from)
	}
	return keys, nil
}

const maxKeyID = 32

func (k SealKey) check() error {
	if k.ID == "" || len(k.ID) > maxKeyID || strings.ContainsFunc(k.ID, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r)
	}) {
		return errors.New("the ID of a key must be 1 to 32 of a-z, A-Z, 0-9, '-', '_' and '.'")
	}
	if len(k.Secret) != 32 {
		return fmt.Errorf("key %q has %d bytes, want 32", k.ID, len(k.Secret))
	}
	return nil
}
