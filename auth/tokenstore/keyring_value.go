package tokenstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jetway-go/jetway/auth"
)

const (
	keyringVersion = 1
	maxParts       = 32
	maxService     = 200
)

// keyringValue is the value of the item that stands for a login: the login itself
// or, where that is too long for one item, the parts that it was split into. The
// parts are written before it, in the set that it does not name yet, so that at
// every moment it names a whole login.
type keyringValue struct {
	Version int             `json:"version"`
	Shared  string          `json:"shared,omitempty"` // the layout that holds the same login
	Login   json.RawMessage `json:"login,omitempty"`  // as in a file
	Set     string          `json:"set,omitempty"`    // "a" or "b"
	Parts   int             `json:"parts,omitempty"`
	Digest  string          `json:"sha256,omitempty"` // of the joined parts
}

// ownService is the service name of the item. It is readable where it may be:
// people look into their keyrings.
func ownService(k auth.Key) string {
	if readable(k.Endpoint) {
		return "jetway:" + k.Endpoint
	}
	return "jetway:" + keyHash(auth.Key{Endpoint: k.Endpoint})
}

// keyHash is a short name of k that says nothing about it and that no other key
// has.
func keyHash(k auth.Key) string { return strings.TrimSuffix(fileName(k), ".json") }

// readable tells whether an endpoint can be a name in any keyring: short and in
// printable ASCII without blanks, quotes and backslashes.
func readable(endpoint string) bool {
	return endpoint != "" && len(endpoint) <= maxService && !strings.ContainsFunc(endpoint, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune("'\"`\\", r)
	})
}

func partUser(k auth.Key, set string, i int) string {
	return keyHash(k) + "." + set + strconv.Itoa(i)
}

// decodeKeyringValue reads the item. Its errors quote nothing.
func decodeKeyringValue(text string) (keyringValue, error) {
	var v keyringValue
	if len(text) > maxWire {
		return v, errors.New("the item is larger than any login")
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return keyringValue{}, malformed(err)
	}
	switch {
	case v.Version > keyringVersion:
		return keyringValue{}, errNewer
	case v.Version != keyringVersion:
		return keyringValue{}, errors.New("not a stored login: no known version")
	case v.Parts == 0 && len(v.Login) > 0:
		return v, nil
	case v.Parts < 1, v.Parts > maxParts, v.Set != "a" && v.Set != "b", len(v.Login) > 0:
		return keyringValue{}, errors.New("not a stored login: neither a login nor its parts")
	default:
		return v, nil
	}
}

// split cuts data into pieces of at most size bytes, never inside a character:
// keyrings hold text.
func split(data string, size int) []string {
	var parts []string
	for len(data) > size {
		n := size
		for n > 1 && !utf8.RuneStart(data[n]) {
			n--
		}
		parts = append(parts, data[:n])
		data = data[n:]
	}
	return append(parts, data)
}

// read returns our own item of k, or an error that wraps ErrNoCredentials when
// there is none that can be used.
func (s *KeyringStore) read(ctx context.Context, k auth.Key) (c *auth.Credentials, shared string, err error) {
	for range 3 { // another process may be writing
		var text string
		if text, err = s.keyring().get(ctx, ownService(k), keyHash(k)); err != nil {
			return nil, "", err
		}
		var v keyringValue
		if v, err = decodeKeyringValue(text); err != nil {
			break
		}
		var login string
		if login, err = s.join(ctx, k, v); errors.Is(err, errTorn) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		var stored auth.Key
		if stored, c, err = decode([]byte(login)); err == nil && stored == k {
			return c, v.Shared, nil
		}
		if err == nil {
			err = errors.New("the login of another key")
		}
		break
	}
	s.warnOnce(ctx, "own", "A login in the keyring cannot be used; log in again.", slog.String("reason", err.Error()))
	return nil, "", fmt.Errorf("%w: the item in the keyring is unusable (%w)", auth.ErrNoCredentials, err)
}

var errTorn = errors.New("parts of the login are missing or do not belong together")

// join returns the login that v stands for.
func (s *KeyringStore) join(ctx context.Context, k auth.Key, v keyringValue) (string, error) {
	if v.Parts == 0 {
		return string(v.Login), nil
	}
	var b strings.Builder
	for i := range v.Parts {
		part, err := s.keyring().get(ctx, ownService(k), partUser(k, v.Set, i))
		if errors.Is(err, auth.ErrNoCredentials) {
			return "", errTorn
		}
		if err != nil {
			return "", err
		}
		if b.WriteString(part); b.Len() > maxWire {
			return "", errTorn
		}
	}
	if digest(b.String()) != v.Digest {
		return "", errTorn
	}
	return b.String(), nil
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// write puts login into our own item of k, in several if need be.
func (s *KeyringStore) write(ctx context.Context, k auth.Key, login []byte, shared string) error {
	login = bytes.TrimSpace(login)
	whole, err := json.Marshal(keyringValue{Version: keyringVersion, Shared: shared, Login: login})
	if err != nil {
		return err
	}
	limit := s.keyring().host.limit
	if limit == 0 || len(whole) <= limit {
		if err := s.keyring().set(ctx, ownService(k), keyHash(k), string(whole), ""); err != nil || limit == 0 {
			return err
		}
		s.tidy(ctx, k, "a", "b")
		return nil
	}
	parts := split(string(login), limit)
	if len(parts) > maxParts {
		return fmt.Errorf("%w: the login has %d bytes", ErrKeyringTooBig, len(login))
	}
	set, old, err := s.freeSet(ctx, k)
	if err != nil {
		return err
	}
	if err := s.clearParts(ctx, k, set); err != nil {
		return err
	}
	for i, part := range parts {
		if err := s.keyring().set(ctx, ownService(k), partUser(k, set, i), part, ""); err != nil {
			return err
		}
	}
	marker, err := json.Marshal(keyringValue{
		Version: keyringVersion, Shared: shared, Set: set, Parts: len(parts), Digest: digest(string(login)),
	})
	if err != nil {
		return err
	}
	if err := s.keyring().set(ctx, ownService(k), keyHash(k), string(marker), ""); err != nil {
		return err
	}
	s.tidy(ctx, k, old)
	return nil
}

// tidy deletes parts that nothing names any more. What it cannot delete now goes
// with the next Store or Delete.
func (s *KeyringStore) tidy(ctx context.Context, k auth.Key, sets ...string) {
	for _, set := range sets {
		if err := s.clearParts(ctx, k, set); err != nil {
			s.warnOnce(ctx, "tidy", "cannot delete older items of a login from the keyring", slog.Any("error", err))
		}
	}
}

// freeSet returns the set of parts that the present item does not name.
func (s *KeyringStore) freeSet(ctx context.Context, k auth.Key) (free, used string, err error) {
	text, err := s.keyring().get(ctx, ownService(k), keyHash(k))
	if err != nil && !errors.Is(err, auth.ErrNoCredentials) {
		return "", "", err
	}
	if v, err := decodeKeyringValue(text); err == nil && v.Set == "a" {
		return "b", "a", nil
	}
	return "a", "b", nil
}

// clearParts deletes the parts of a set, the last first: whatever interrupts it,
// the next one finds all that is left by counting from the first.
func (s *KeyringStore) clearParts(ctx context.Context, k auth.Key, set string) error {
	n := 0
	for ; n < maxParts; n++ {
		_, err := s.keyring().get(ctx, ownService(k), partUser(k, set, n))
		if errors.Is(err, auth.ErrNoCredentials) {
			break
		}
		if err != nil {
			return err
		}
	}
	for n--; n >= 0; n-- {
		if err := s.keyring().remove(ctx, ownService(k), partUser(k, set, n)); err != nil {
			return err
		}
	}
	return nil
}

// erase deletes our own item of k and its parts.
func (s *KeyringStore) erase(ctx context.Context, k auth.Key) error {
	if err := s.keyring().remove(ctx, ownService(k), keyHash(k)); err != nil || s.keyring().host.limit == 0 {
		return err
	}
	if err := s.clearParts(ctx, k, "a"); err != nil {
		return err
	}
	return s.clearParts(ctx, k, "b")
}
