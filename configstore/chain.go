package configstore

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// Chain asks stores in order and answers what the first one answers. It
// forwards Invalidate to all of them.
//
// A store is passed over when it has nothing to give: its error is [ErrNoLogin]
// or [ErrNotFound], or has the gRPC code Unimplemented or NotFound. Every other
// error ends the search, because a place that is merely down might have had the
// right answer. When nobody has one, the error holds that of every store (so
// errors.Is finds ErrNoLogin if any of them said so), and beside it stand the
// fields that came with the first ErrNoLogin. Nil stores are passed over.
func Chain(stores ...ClientConfigStore) ClientConfigStore {
	return &chain{stores: slices.DeleteFunc(slices.Clone(stores), func(s ClientConfigStore) bool { return s == nil })}
}

type chain struct{ stores []ClientConfigStore }

func (c *chain) ClientConfig(ctx context.Context) (ClientConfig, error) {
	var (
		errs    causes
		partial ClientConfig
	)
	for _, s := range c.stores {
		cfg, err := s.ClientConfig(ctx)
		if err == nil {
			return cfg, nil
		}
		if !absent(err) {
			return ClientConfig{}, err
		}
		if errors.Is(err, ErrNoLogin) && !slices.ContainsFunc(errs, isNoLogin) {
			partial = cfg
		}
		errs = append(errs, err)
	}
	switch len(errs) {
	case 0:
		return ClientConfig{}, &Error{Op: "chain", Err: ErrNotFound}
	case 1:
		return partial, errs[0]
	}
	return partial, &Error{Op: "chain", Err: errs}
}

func (c *chain) Invalidate() {
	for _, s := range c.stores {
		invalidate(s)
	}
}

func isNoLogin(err error) bool { return errors.Is(err, ErrNoLogin) }

// causes are several errors on one line.
type causes []error

func (c causes) Error() string {
	texts := make([]string, len(c))
	for i, err := range c {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (c causes) Unwrap() []error { return c }
