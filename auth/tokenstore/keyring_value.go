package tokenstore

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
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
	Shared  string          `json:"shared,omitempty"` // the layout of Flyte's tools that holds the same login
	Also    []string        `json:"also,omitempty"`   // further ones
	Login   json.RawMessage `json:"login,omitempty"`  // as in a file
	Set     string          `json:"set,omitempty"`    // "a" or "b"
	Parts   int             `json:"parts,omitempty"`
	Digest  string          `json:"sha256,omitempty"` // of the joined parts
}

// sharing returns the fields Shared and Also for the names of layouts, and layouts the names.
func sharing(names []string) (shared string, also []string) {
	if len(names) == 0 {
		return "", nil
	}
	return names[0], names[1:]
}

func (v keyringValue) layouts() []string {
	if v.Shared == "" {
		return nil
	}
	return append([]string{v.Shared}, v.Also...)
}

// errNotStored replaces an error of the JSON reader, which may quote what it read.
var errNotStored = errors.New("not a stored login: not the JSON of one")

// ownService is the service name of the item. It is readable where it may be:
// people look into their keyrings.
func ownService(k auth.Key) string {
	if readable(k.Endpoint) {
		return "jetway:" + k.Endpoint
	}
	return "jetway:" + keyHash(auth.Key{Endpoint: k.Endpoint})
}

// readable reports whether an endpoint can be a name in any keyring: short and in
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
	if len(text) > auth.MaxEncoded {
		return v, errors.New("the item is larger than any login")
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return keyringValue{}, errNotStored
	}
	switch {
	case v.Version > keyringVersion:
		return keyringValue{}, auth.ErrNewerVersion
	case v.Version != keyringVersion:
		return keyringValue{}, errors.New("not a stored login: unknown version")
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

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
