package tokenstore

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/jetway-go/jetway/auth"
)

// maxListed bounds the index. A login that is no longer in it is still found by its own key.
const maxListed = 16

// keyringIndex is the value of the item that lists the logins of an endpoint which were
// stored under a client or an audience. It contains no secret.
type keyringIndex struct {
	Version int              `json:"version"`
	Logins  []keyringPurpose `json:"logins"`
}

type keyringPurpose struct {
	ClientID string `json:"client_id,omitempty"`
	Audience string `json:"audience,omitempty"`
}

func indexUser(k auth.Key) string { return keyHash(anyPurpose(k)) + ".logins" }

// index returns the listed keys that differ from k in client or audience at most.
func (o ownItems) index(ctx context.Context, k auth.Key) ([]auth.Key, error) {
	text, err := o.system.get(ctx, ownService(k), indexUser(k))
	if errors.Is(err, auth.ErrNoCredentials) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var v keyringIndex
	var keys []auth.Key
	if len(text) > auth.MaxEncoded || json.Unmarshal([]byte(text), &v) != nil || v.Version != keyringVersion {
		v.Logins = nil // the next login writes it again
	}
	for _, p := range v.Logins[:min(len(v.Logins), maxListed)] {
		listed := k
		listed.ClientID, listed.Audience = p.ClientID, p.Audience
		keys = append(keys, listed)
	}
	return keys, nil
}

// list puts k at the head of the index, or takes it out.
func (o ownItems) list(ctx context.Context, k auth.Key, stored bool) error {
	if k == anyPurpose(k) {
		return nil // every program looks there
	}
	keys, err := o.index(ctx, k)
	if err != nil {
		return err
	}
	if stored && len(keys) > 0 && keys[0] == k || !stored && !slices.Contains(keys, k) {
		return nil
	}
	keys = slices.DeleteFunc(keys, func(o auth.Key) bool { return o == k })
	if stored {
		keys = slices.Insert(keys, 0, k)
	}
	v := keyringIndex{Version: keyringVersion}
	for _, listed := range keys[:min(len(keys), maxListed)] {
		v.Logins = append(v.Logins, keyringPurpose{listed.ClientID, listed.Audience})
	}
	if len(v.Logins) == 0 {
		return o.system.remove(ctx, ownService(k), indexUser(k))
	}
	text, err := json.Marshal(v)
	for err == nil && o.system.host.limit > 0 && len(text) > o.system.host.limit && len(v.Logins) > 0 {
		v.Logins = v.Logins[:len(v.Logins)-1]
		text, err = json.Marshal(v)
	}
	if err != nil {
		return err
	}
	return o.system.set(ctx, ownService(k), indexUser(k), string(text))
}

// places returns the keys under which there may be a login that k matches: those in the
// index, k, and those of programs before there was an index or an audience.
func (o ownItems) places(ctx context.Context, k auth.Key) ([]auth.Key, error) {
	listed, err := o.index(ctx, k)
	withoutAudience := k
	withoutAudience.Audience = ""
	places := []auth.Key{k}
	for _, p := range slices.Concat([]auth.Key{withoutAudience, anyPurpose(k)}, listed) {
		if !slices.Contains(places, p) && (k.Matches(p, nil)) {
			places = append(places, p)
		}
	}
	return places, err
}

// find returns the key of the newest login that k matches, or k. Where there is no other
// place than k it reads no login.
func (o ownItems) find(ctx context.Context, k auth.Key) (auth.Key, error) {
	places, err := o.places(ctx, k)
	if err != nil || len(places) == 1 {
		return k, err
	}
	var list []match
	for _, p := range places {
		c, _, err := o.read(ctx, p)
		if err != nil && !errors.Is(err, auth.ErrNoCredentials) {
			return k, err
		}
		if err == nil && k.Matches(p, c) {
			list = append(list, match{key: p, creds: c})
		}
	}
	if best := o.choose(ctx, list); best != nil {
		return best.key, nil
	}
	return k, nil
}

// others returns our own logins, besides that of k, that share a layout of Flyte's tools.
func (o ownItems) others(ctx context.Context, k auth.Key) ([]match, error) {
	listed, err := o.index(ctx, k)
	if err != nil {
		return nil, err
	}
	var list []match
	for _, p := range append(listed, anyPurpose(k)) {
		if p == k {
			continue
		}
		c, shared, err := o.read(ctx, p)
		if err != nil && !errors.Is(err, auth.ErrNoCredentials) {
			return nil, err
		}
		if err == nil && len(shared) > 0 {
			list = append(list, match{key: p, creds: c, shared: shared})
		}
	}
	return list, nil
}

// unshare notes that layouts of Flyte's tools hold the login of k now, and no other of ours.
func (o ownItems) unshare(ctx context.Context, k auth.Key, names []string) error {
	others, err := o.others(ctx, k)
	for _, m := range others {
		left := slices.DeleteFunc(slices.Clone(m.shared), func(name string) bool { return slices.Contains(names, name) })
		if len(left) == len(m.shared) {
			continue
		}
		login, encodeErr := auth.Encode(m.key, m.creds)
		if encodeErr == nil {
			encodeErr = o.writeItems(ctx, m.key, login, left)
		}
		err = errors.Join(err, encodeErr)
	}
	return err
}
