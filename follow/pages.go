package follow

import (
	"context"
	"crypto/sha256"
	"errors"
	"iter"
)

// Pages reads a list page by page: fetch returns the page that token names, at first the
// one of the empty token, and the token of the next page, which is empty after the last.
// An empty page with a token is not the last. A page whose fetch fails transiently is
// fetched again. The error is an [*Error]; it wraps [ErrRepeatedToken] if the list would
// not end. A server whose tokens are ever new goes on as long as the loop does: leave it.
//
// A list is not a snapshot. Most backends number entries, so that one which is created or
// changes its place while the list is read can shift others: they come twice or not at
// all. Sort by a field that does not change, and the oldest first, where that matters.
func Pages[P any](
	ctx context.Context, fetch func(ctx context.Context, token string) (page P, next string, err error), opts ...Option,
) iter.Seq2[P, error] {
	return func(yield func(P, error) bool) {
		if err := pages(ctx, newConfig(opts), fetch, yield); err != nil {
			var none P
			yield(none, &Error{Op: "list", Err: err})
		}
	}
}

const (
	// mostEmpty is how many pages in a row may be empty.
	mostEmpty = 1000
	// mostBeside is how many pages a list may have that is read beside a watch, where no caller
	// sees that it does not end.
	mostBeside = 10_000
)

// All is [Pages] entry by entry. Where the pages of a list that does not end are empty, the error
// wraps [ErrEndless].
func All[T any](
	ctx context.Context, fetch func(ctx context.Context, token string) (entries []T, next string, err error), opts ...Option,
) iter.Seq2[T, error] {
	return named("list", "", all(ctx, newConfig(opts), fetch))
}

// pages returns nil at the end, and if the caller left.
func pages[P any](
	ctx context.Context, cfg *config, fetch func(context.Context, string) (P, string, error), yield func(P, error) bool,
) error {
	type answer struct {
		page P
		next string
	}
	get := func(ctx context.Context, token string) (a answer, err error) {
		a.page, a.next, err = fetch(ctx, token)
		return a, err
	}
	seen := map[[sha256.Size]byte]struct{}{} // not the tokens: how long they are is up to the server
	for n, token := 1, ""; ; n++ {
		a, err := insist(ctx, cfg, get, token)
		if err != nil {
			return err
		}
		if !yield(a.page, nil) || a.next == "" {
			return nil
		}
		digest := sha256.Sum256([]byte(a.next))
		switch _, again := seen[digest]; {
		case again:
			return finalError{ErrRepeatedToken}
		case cfg.beside && n == mostBeside:
			return finalError{ErrEndless}
		}
		seen[digest] = struct{}{}
		token = a.next
	}
}

func all[T any](ctx context.Context, cfg *config, fetch func(context.Context, string) ([]T, string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		empty := 0 // pages in a row
		err := pages(ctx, cfg, fetch, func(page []T, _ error) bool {
			if empty++; len(page) > 0 {
				empty = 0
			}
			for _, entry := range page {
				if !yield(entry, nil) {
					return false
				}
			}
			return empty < mostEmpty
		})
		if err == nil && empty == mostEmpty {
			err = finalError{ErrEndless}
		}
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}

// named makes the error of entries one of this package.
func named[T any](op, subject string, entries iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for entry, err := range entries {
			if _, own := errors.AsType[*Error](err); err != nil && !own {
				err = &Error{Op: op, Subject: subject, Err: err}
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

// once is a config for calls beside a stream, which is opened anew if one of them fails.
func once() *config {
	return newConfig([]Option{WithMaxFailures(1), optionFunc(func(c *config) { c.beside = true })})
}
