package configstore

import "context"

// Overlay returns the answer of base with the fields that over sets. It forwards
// Invalidate to base.
//
// A program that sets the configuration itself needs no server that advertises one: if
// base returns [ErrNoLogin] or [ErrNotFound] (or the code Unimplemented or NotFound)
// and over sets a TokenEndpoint, Overlay returns over, together with the fields that
// base did return, and no error. Without a TokenEndpoint it returns the error with the
// merged fields. Every other error of base is returned without fields: tokens could be
// sent under the wrong header key, for example. Use [Static] to make no request. A nil
// base counts as one that returns [ErrNotFound].
func Overlay(base ClientConfigStore, over ClientConfig) ClientConfigStore {
	return &overlay{base: orNothing(base), over: over.clone()}
}

type overlay struct {
	base ClientConfigStore
	over ClientConfig
}

func (o *overlay) ClientConfig(ctx context.Context) (ClientConfig, error) {
	c, err := o.base.ClientConfig(ctx)
	if err != nil && !absent(err) {
		return ClientConfig{}, err
	}
	if o.over.TokenEndpoint != "" {
		err = nil
	}
	return c.WithOverride(o.over).clone(), err
}

func (o *overlay) Invalidate() { invalidate(o.base) }
