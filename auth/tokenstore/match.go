package tokenstore

import (
	"context"
	"log/slog"

	"github.com/jetway-go/jetway/auth"
)

// match is a stored login that a key matches, and the key that it is stored under.
type match struct {
	key    auth.Key
	creds  *auth.Credentials
	shared []string // the layouts of Flyte's tools that hold the same login, where that is asked
}

// newest returns the login to use of those that match, nil if there is none.
func newest(list []match) *match {
	var best *match
	for i := range list {
		if best == nil || better(list[i].creds, best.creds) {
			best = &list[i]
		}
	}
	return best
}

// chosen is newest, and logs, once for each login, if there were several.
func chosen(ctx context.Context, told *warnings, log *slog.Logger, list []match) *match {
	best := newest(list)
	if len(list) > 1 {
		told.info(ctx, log, "several stored logins match; the newest is used", slog.Int("logins", len(list)),
			slog.String("endpoint", best.key.Endpoint), slog.String("its client", best.creds.ClientID),
			slog.String("its audience", best.creds.Audience))
	}
	return best
}

// anyPurpose returns k without what a login is made for. Keys that differ in that only
// share one lock, since they may find the same login.
func anyPurpose(k auth.Key) auth.Key {
	k.ClientID, k.Audience = "", ""
	return k
}
