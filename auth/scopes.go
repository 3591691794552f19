package auth

import (
	"context"
	"log/slog"
	"slices"
	"strings"
)

// tooNarrow reports whether c asked for fewer scopes than this program, and a new login
// can be made.
func (r *renewal) tooNarrow(ctx context.Context, t *task, c *Credentials) bool {
	missing := c.lacks(r.scopes)
	if len(missing) == 0 || c.Ended != "" || r.anyScopes.Load() {
		return false
	}
	if r.traits.Interactive && r.env.Prompter == nil {
		r.useNarrow(ctx)
		return false
	}
	if t.narrow = true; t.mode > renewOnly {
		r.log.InfoContext(ctx, "the stored login asked for fewer scopes than this program; a new login replaces it",
			slog.Any("missing", missing))
	}
	return true
}

// useNarrow makes stored logins serve that asked for fewer scopes, and reports whether
// they did not before.
func (r *renewal) useNarrow(ctx context.Context) bool {
	if r.anyScopes.Swap(true) {
		return false
	}
	r.log.WarnContext(ctx, "the stored login asked for fewer scopes than this program, and no new login can be made here;"+
		" it is used as it is: log in again to have them all", slog.Any("scopes", r.scopes))
	return true
}

// lacks returns those of scopes that c is known not to have asked for.
func (c *Credentials) lacks(scopes []string) (missing []string) {
	if len(scopes) == 0 || c.Scope == "" && !c.PurposeKnown {
		return nil
	}
	asked := strings.Fields(c.Scope)
	for _, s := range scopes {
		if !slices.Contains(asked, s) {
			missing = append(missing, s)
		}
	}
	return missing
}
