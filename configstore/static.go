package configstore

import "context"

// Func is a function as a [ClientConfigStore].
type Func func(ctx context.Context) (ClientConfig, error)

// ClientConfig calls f, which must not be nil.
func (f Func) ClientConfig(ctx context.Context) (ClientConfig, error) { return f(ctx) }

// Static always returns c and makes no request. c is not checked.
func Static(c ClientConfig) ClientConfigStore {
	c = c.clone()
	return Func(func(ctx context.Context) (ClientConfig, error) {
		if err := ctx.Err(); err != nil {
			return ClientConfig{}, &Error{Op: "static", Err: err}
		}
		return c.clone(), nil
	})
}

// orNothing returns s, or for nil a store without an answer.
func orNothing(s ClientConfigStore) ClientConfigStore {
	if s != nil {
		return s
	}
	return Func(func(context.Context) (ClientConfig, error) {
		return ClientConfig{}, &Error{Op: "empty store", Err: ErrNotFound}
	})
}

// invalidate forwards Invalidate to s if s has it.
func invalidate(s ClientConfigStore) {
	if i, ok := s.(Invalidator); ok {
		i.Invalidate()
	}
}
