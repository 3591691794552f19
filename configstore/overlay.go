package configstore

import "context"

// Overlay answers what base does with the fields that over sets replaced. It
// forwards Invalidate to base.
//
// A server that has nothing to say does not stand in the way of a configuration
// made by hand: when base answers [ErrNoLogin] or [ErrNotFound] (or the code
// Unimplemented or NotFound) and over sets a TokenEndpoint, the answer is over,
// on top of what base did tell, and no error. Without a TokenEndpoint the error
// stays, with the merged fields beside it. Every other error of base is
// returned alone: a missing header key, say, would send tokens astray. Use
// [Static] to ask nobody. A nil base has nothing to say.
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
