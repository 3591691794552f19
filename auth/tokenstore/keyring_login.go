package tokenstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/jetway-go/jetway/auth"
)

// ownItems are the items in which a KeyringStore stores logins. Each method is
// called within an operation on the keyring.
type ownItems struct {
	system *systemKeyring
	warn   func(ctx context.Context, about, text string, args ...any)
	choose func(ctx context.Context, list []match) *match
}

// read returns our own item of k, or an error that wraps ErrNoCredentials when
// there is none that can be used.
func (o ownItems) read(ctx context.Context, k auth.Key) (c *auth.Credentials, shared []string, err error) {
	for range 3 { // another process may be writing
		var text string
		if text, err = o.system.get(ctx, ownService(k), keyHash(k)); err != nil {
			return nil, nil, err
		}
		var v keyringValue
		if v, err = decodeKeyringValue(text); err != nil {
			break
		}
		var login string
		if login, err = o.join(ctx, k, v); errors.Is(err, errTorn) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		var stored auth.Key
		if stored, c, err = auth.Decode([]byte(login)); err == nil && stored == k {
			return c, v.layouts(), nil
		}
		if err == nil {
			err = errors.New("the login of another key")
		}
		break
	}
	o.warn(ctx, "own", "A login in the keyring cannot be used; log in again.", slog.String("reason", err.Error()))
	return nil, nil, fmt.Errorf("%w: the item in the keyring is unusable (%w)", auth.ErrNoCredentials, err)
}

var errTorn = errors.New("parts of the login are missing or do not belong together")

// join returns the login that v stands for.
func (o ownItems) join(ctx context.Context, k auth.Key, v keyringValue) (string, error) {
	if v.Parts == 0 {
		return string(v.Login), nil
	}
	var b strings.Builder
	for i := range v.Parts {
		part, err := o.system.get(ctx, ownService(k), partUser(k, v.Set, i))
		if errors.Is(err, auth.ErrNoCredentials) {
			return "", errTorn
		}
		if err != nil {
			return "", err
		}
		if b.WriteString(part); b.Len() > auth.MaxEncoded {
			return "", errTorn
		}
	}
	if digest(b.String()) != v.Digest {
		return "", errTorn
	}
	return b.String(), nil
}

// write puts login into our own item of k, in several if need be, and k into the index.
func (o ownItems) write(ctx context.Context, k auth.Key, login []byte, shared []string) error {
	if err := o.writeItems(ctx, k, login, shared); err != nil {
		return err
	}
	if err := o.list(ctx, k, true); err != nil {
		o.warn(ctx, "index", "cannot write which logins the keyring has; programs without a client ID may not find one", slog.Any("error", err))
	}
	return nil
}

func (o ownItems) writeItems(ctx context.Context, k auth.Key, login []byte, layouts []string) error {
	shared, also := sharing(layouts)
	login = bytes.TrimSpace(login)
	whole, err := json.Marshal(keyringValue{Version: keyringVersion, Shared: shared, Also: also, Login: login})
	if err != nil {
		return err
	}
	limit := o.system.host.limit
	if limit == 0 || len(whole) <= limit {
		if err := o.system.set(ctx, ownService(k), keyHash(k), string(whole)); err != nil || limit == 0 {
			return err
		}
		o.tidy(ctx, k, "a", "b")
		return nil
	}
	parts := split(string(login), limit)
	if len(parts) > maxParts {
		return fmt.Errorf("%w: the login has %d bytes", ErrKeyringTooBig, len(login))
	}
	set, old, err := o.freeSet(ctx, k)
	if err != nil {
		return err
	}
	if err := o.clearParts(ctx, k, set); err != nil {
		return err
	}
	for i, part := range parts {
		if err := o.system.set(ctx, ownService(k), partUser(k, set, i), part); err != nil {
			return err
		}
	}
	marker, err := json.Marshal(keyringValue{
		Version: keyringVersion, Shared: shared, Also: also, Set: set, Parts: len(parts), Digest: digest(string(login)),
	})
	if err != nil {
		return err
	}
	if err := o.system.set(ctx, ownService(k), keyHash(k), string(marker)); err != nil {
		return err
	}
	o.tidy(ctx, k, old)
	return nil
}

// tidy deletes parts that no item names any more. The next Store or Delete deletes those
// that it cannot.
func (o ownItems) tidy(ctx context.Context, k auth.Key, sets ...string) {
	for _, set := range sets {
		if err := o.clearParts(ctx, k, set); err != nil {
			o.warn(ctx, "tidy", "cannot delete older items of a login from the keyring", slog.Any("error", err))
		}
	}
}

// freeSet returns the set of parts that the present item does not name.
func (o ownItems) freeSet(ctx context.Context, k auth.Key) (free, used string, err error) {
	text, err := o.system.get(ctx, ownService(k), keyHash(k))
	if err != nil && !errors.Is(err, auth.ErrNoCredentials) {
		return "", "", err
	}
	if v, err := decodeKeyringValue(text); err == nil && v.Set == "a" {
		return "b", "a", nil
	}
	return "a", "b", nil
}

// clearParts deletes the parts of a set, the last first: after an interruption the next
// one finds the remaining ones by counting from the first.
func (o ownItems) clearParts(ctx context.Context, k auth.Key, set string) error {
	n := 0
	for ; n < maxParts; n++ {
		_, err := o.system.get(ctx, ownService(k), partUser(k, set, n))
		if errors.Is(err, auth.ErrNoCredentials) {
			break
		}
		if err != nil {
			return err
		}
	}
	for n--; n >= 0; n-- {
		if err := o.system.remove(ctx, ownService(k), partUser(k, set, n)); err != nil {
			return err
		}
	}
	return nil
}

// erase deletes our own item of k and its parts.
func (o ownItems) erase(ctx context.Context, k auth.Key) error {
	if err := o.list(ctx, k, false); err != nil {
		return err
	}
	if err := o.system.remove(ctx, ownService(k), keyHash(k)); err != nil || o.system.host.limit == 0 {
		return err
	}
	if err := o.clearParts(ctx, k, "a"); err != nil {
		return err
	}
	return o.clearParts(ctx, k, "b")
}

// discard deletes our own item of k if it has the refresh token of dead.
func (o ownItems) discard(ctx context.Context, k auth.Key, dead *auth.Credentials) error {
	c, _, err := o.read(ctx, k)
	if err == nil && c.RefreshToken == dead.RefreshToken {
		return o.erase(ctx, k)
	}
	if errors.Is(err, auth.ErrNoCredentials) {
		return nil
	}
	return err
}
