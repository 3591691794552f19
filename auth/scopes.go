package auth

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/jetway-go/jetway/configstore"
)

// mismatch compares what was asked for with what c was issued for, as far as either is
// known. A flow that uses no configuration causes no request for one.
func (r *renewal) mismatch(ctx context.Context, c *Credentials) string {
	cfg, err := configstore.ClientConfig{}, error(nil)
	if r.env.Config != nil && c.TokenOrigin != "" {
		ctx, cancel := context.WithTimeout(ctx, storeTimeout)
		defer cancel()
		func() {
			defer recovered(ctx, r.log, "the configuration", &err)
			cfg, err = r.env.Config.ClientConfig(ctx)
		}()
	}
	asked := "compare audience and scopes with what the backend expects"
	if err == nil && (cfg.Audience != "" || len(cfg.Scopes) > 0) {
		asked += fmt.Sprintf("; the configuration asks for audience %s, scopes %s",
			quoted(cfg.Audience), quoted(strings.Join(cfg.Scopes, " ")))
	}
	return asked + ", " + c.purpose()
}

// tooNarrow reports whether c asked for fewer scopes than this program, and a new login
// can be made.
func (r *renewal) tooNarrow(ctx context.Context, t *task, c *Credentials) bool {
	missing := c.lacks(r.scopes)
	if len(missing) == 0 || c.Ended != "" || r.narrow.Load() {
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
	if r.narrow.Swap(true) {
		return false
	}
	r.log.WarnContext(ctx, "the stored login asked for fewer scopes than this program, and no new login can be made here;"+
		" it is used as it is: log in again to have them all", slog.Any("scopes", r.scopes))
	return true
}
