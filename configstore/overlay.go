package configstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
)

// Overlay returns the answer of base with the fields that over sets. It forwards
// Invalidate to base.
//
// A program that sets the configuration itself needs no server that advertises one. [Ask]
// with the fields that a login needs does not ask base if over sets all of them, unless
// Invalidate was called: then what over sets was not enough, and base may know more.
// Otherwise base is asked. If it has no configuration ([ErrNoLogin], [ErrNotFound], or
// the code Unimplemented or NotFound), or refuses to tell (HTTP 401, 403 or a redirect,
// Unauthenticated or PermissionDenied), and over sets a TokenEndpoint, Overlay returns
// over, together with the fields that base did return, and no error. It does the same if
// an answer of base is unusable because of fields that over sets. Without a
// TokenEndpoint it returns the error with the merged fields; after a refusal it says which
// fields are missing. Every other error of base is returned without fields: tokens could
// be sent under the wrong header key, for example. Use [Static] to make no request. A nil
// base counts as one that returns [ErrNotFound].
func Overlay(base ClientConfigStore, over ClientConfig) ClientConfigStore {
	return &overlay{base: orNothing(base), over: over.clone()}
}

type overlay struct {
	base    ClientConfigStore
	over    ClientConfig
	doubted atomic.Bool // over alone was not enough for a server
}

func (o *overlay) ClientConfig(ctx context.Context) (ClientConfig, error) {
	return o.merge(ctx, []Field{FieldTokenEndpoint})
}

// ask is ClientConfig for a login that needs these fields only.
func (o *overlay) ask(ctx context.Context, need []Field) (ClientConfig, error) {
	if err := ctx.Err(); err != nil {
		return ClientConfig{}, &Error{Op: opOverlay, Err: err}
	}
	if len(o.over.lacks(need)) == 0 && !o.doubted.Load() {
		return o.over.clone(), nil
	}
	return o.merge(ctx, need)
}

const opOverlay = "overlay"

// merge asks base.
func (o *overlay) merge(ctx context.Context, need []Field) (ClientConfig, error) {
	c, err := o.base.ClientConfig(ctx)
	if err == nil {
		return c.WithOverride(o.over).clone(), nil
	}
	if flawed, ok := errors.AsType[*flawedError](err); ok {
		if merged, mended := flawed.mended(o.over); mended {
			return merged.clone(), nil
		}
	}
	none, refused := absent(err), isRefused(err)
	if !none && !refused {
		return ClientConfig{}, err
	}
	merged := c.WithOverride(o.over).clone()
	missing := merged.lacks(need)
	missing = slices.DeleteFunc(missing, func(f Field) bool { return f == FieldRevocationEndpoint }) // no login needs it
	switch {
	case none && o.over.TokenEndpoint != "", len(missing) == 0:
		return merged, nil
	case refused:
		return ClientConfig{}, refusal(err, missing)
	default:
		return merged, err
	}
}

// refusal says what a login needs beside what the program sets. It is ErrInvalid: only
// another setting helps.
func refusal(err error, missing []Field) error {
	e := &Error{Op: opOverlay, Err: err}
	if own, ok := errors.AsType[*Error](err); ok {
		e.Op, e.Source, err = own.Op, own.Source, own.Err
	}
	if errors.Is(err, ErrInvalid) {
		e.Err = fmt.Errorf("%w; to log in without asking, set %s", err, settings(missing))
	} else {
		e.Err = invalid("%w; to log in without asking, set %s", err, settings(missing))
	}
	return e
}

// Invalidate forwards to base, and makes the next Ask ask it.
func (o *overlay) Invalidate() {
	o.doubted.Store(true)
	invalidate(o.base)
}
