package configstore

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// Chain returns the answer of the first of stores that has one. It forwards Invalidate
// to all of them.
//
// A store has none if its error is [ErrNoLogin] or [ErrNotFound], or has the gRPC code
// Unimplemented or NotFound. Every other error ends the search: a server that is down
// might have had the right answer. If no store has one, the error wraps that of every
// store (so errors.Is finds ErrNoLogin if one of them returned it), and the fields that
// came with the first ErrNoLogin are returned with it. Nil stores are ignored.
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
