package tokenstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jetway-go/jetway/auth"
)

// maxCopies bounds the loops that delete an item until it is gone: tools that
// label their items differently leave several under one name.
const maxCopies = 16

// get returns the value of an item, or an error that wraps ErrNoCredentials. As all
// that follows, it is called within an operation; see do.
func (g *systemKeyring) get(ctx context.Context, service, user string) (value string, err error) {
	var got string
	err = g.call(ctx, "", func(items keyringItems) (err error) {
		got, err = items.Get(service, user)
		return err
	})
	if err != nil {
		return "", err // got may still be written to
	}
	return got, nil
}

// replace writes an item of another tool in place; see keyringItems. What it does not write
// costs no login of ours.
func (g *systemKeyring) replace(ctx context.Context, service, user, value, application string, superseded func(string) bool) error {
	if err := g.fits(value); err != nil {
		return err
	}
	return g.call(ctx, value, func(items keyringItems) error { return items.Replace(service, user, value, application, superseded) })
}

func (g *systemKeyring) fits(value string) error {
	if limit := g.host.limit; limit > 0 && len(value) > limit {
		return fmt.Errorf("%w: %d bytes in one item", ErrKeyringTooBig, len(value))
	}
	return nil
}

// set writes an item of our own and reads it back, since an item that was not written would
// cost a login. Another value means a second item of the same name; then set deletes all of
// them and writes again.
func (g *systemKeyring) set(ctx context.Context, service, user, value string) error {
	if err := g.fits(value); err != nil {
		return err
	}
	for again := range 2 {
		if again > 0 {
			if err := g.remove(ctx, service, user); err != nil {
				return err
			}
		}
		err := g.call(ctx, value, func(items keyringItems) error { return items.Set(service, user, value) })
		if err != nil {
			return err
		}
		got, err := g.get(ctx, service, user)
		if err != nil && !errors.Is(err, auth.ErrNoCredentials) {
			return err
		}
		if got == value {
			return nil
		}
	}
	return g.note(fmt.Errorf("%w: it does not return what was stored in it", ErrKeyringUnavailable))
}

// remove deletes every item of that name.
func (g *systemKeyring) remove(ctx context.Context, service, user string) error {
	for range maxCopies {
		err := g.call(ctx, "", func(items keyringItems) error { return items.Delete(service, user) })
		if errors.Is(err, auth.ErrNoCredentials) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return g.note(fmt.Errorf("%w: an item is still there after it was deleted %d times", ErrKeyringUnavailable, maxCopies))
}
