package command

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/cmd/jetway/internal/profile"
)

// logins returns the store of people's logins, and the keys of those in it: the ones that
// the store can list, and, since a keyring lists none, those that this command has stored
// and those of the backends of all profiles.
func (a *App) logins(ctx context.Context) (auth.Store, []auth.Key, error) {
	person := auth.Traits{Interactive: true, FileStorable: true, Name: auth.StoredFlow}
	store := tokenstore.Default(person, tokenstore.Config{Logger: a.logger()})
	var keys []auth.Key
	if l, ok := store.(auth.Lister); ok {
		listed, err := l.List(ctx)
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			if len(listed) == 0 {
				return store, nil, err
			}
			a.IO.Warnf("not all logins can be listed: %v", err)
		}
		keys = listed
	}
	_, all, err := a.loadProfiles()
	if err != nil {
		return store, nil, err
	}
	for _, k := range slices.Concat(all.Keys(), a.likely(ctx)) {
		if slices.Contains(keys, k) {
			continue
		}
		place, c, err := auth.Find(ctx, store, k)
		if err == nil && c != nil && !slices.Contains(keys, place) {
			keys = append(keys, place)
		}
	}
	slices.SortFunc(keys, func(x, y auth.Key) int {
		return cmp.Or(
			strings.Compare(x.Endpoint, y.Endpoint), strings.Compare(x.Profile, y.Profile), strings.Compare(x.User, y.User),
			strings.Compare(x.ClientID, y.ClientID), strings.Compare(x.Audience, y.Audience),
		)
	})
	return store, keys, nil
}

// likely returns the keys of the logins that commands with one of the profiles, or without
// any, would use. Programs may have made them.
func (a *App) likely(ctx context.Context) []auth.Key {
	_, all, err := a.loadProfiles()
	if err != nil {
		return nil
	}
	var keys []auth.Key
	names := []string{""}
	for name := range all.Named {
		names = append(names, name)
	}
	for _, name := range names {
		s := a.connection()
		s.Profile = cmp.Or(name, s.Profile)
		p, err := s.Plan()
		if err != nil || !p.Offline() {
			continue
		}
		cs, err := p.Open(ctx)
		if err != nil {
			continue
		}
		keys = append(keys, cs.Setup().Key)
		_ = cs.Close()
	}
	return keys
}

// forget takes logins that are no more out of the list of this command. That the list
// cannot be written does no harm: what is in it is looked up.
func (a *App) forget(keys ...auth.Key) {
	file, all, err := a.loadProfiles()
	if err != nil || len(all.Logins) == 0 {
		return
	}
	_ = file.Change(func(all *profile.Profiles) bool {
		changed := false
		for _, k := range keys {
			changed = all.Forget(k) || changed
		}
		return changed
	})
}
