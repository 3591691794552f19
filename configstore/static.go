package configstore

import "context"

// Func is a function as a [ClientConfigStore].
type Func func(ctx context.Context) (ClientConfig, error)

// ClientConfig calls f, which must not be nil.
func (f Func) ClientConfig(ctx context.Context) (ClientConfig, error) { return f(ctx) }

// Static answers c, always, and asks nobody: with the endpoints configured by
// hand no discovery takes place. c is not checked.
func Static(c ClientConfig) ClientConfigStore {
	c = c.clone()
	return Func(func(ctx context.Context) (ClientConfig, error) {
		if err := ctx.Err(); err != nil {
			return ClientConfig{}, &Error{Op: "static", Err: err}
		}
		return c.clone(), nil
	})
}

// orNothing lets the combining stores treat a nil store as one that has nothing.
func orNothing(s ClientConfigStore) ClientConfigStore {
	if s != nil {
		return s
	}
	return Func(func(context.Context) (ClientConfig, error) {
		return ClientConfig{}, &Error{Op: "empty store", Err: ErrNotFound}
	})
}

// invalidate forwards Invalidate to s if s remembers anything.
func invalidate(s ClientConfigStore) {
	if i, ok := s.(Invalidator); ok {
		i.Invalidate()
	}
}
