package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/jetway-go/jetway/auth"
)

// current returns the newest record of p, nil if there is none. What Redis has lost of it, it
// restores.
func (s *Store) current(ctx context.Context, p place) (*entry, error) {
	for range attempts {
		raw, err := call(ctx, s, func(ctx context.Context) ([]byte, error) {
			return s.client.HGet(ctx, p.group, p.field).Bytes()
		})
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, err
		}
		e, err := s.open(ctx, p.group, p.field, raw)
		if err != nil {
			return nil, err
		}
		if e != nil {
			s.seen.put(p, e.record)
		}
		if again, err := s.restore(ctx, p, e, stampOf(e)); err != nil || !again {
			return e, err
		}
	}
	return nil, errContended
}

func stampOf(e *entry) string {
	if e == nil {
		return ""
	}
	return e.stamp()
}

// Find returns the key of the newest login that k matches; if there is none that of a logout,
// for which Retrieve returns [auth.ErrLoggedOut], or else k.
func (s *Store) Find(ctx context.Context, k auth.Key) (auth.Key, error) {
	p := s.place(k)
	entries, err := s.entries(ctx, s.client, p.group)
	if err != nil {
		return k, failed(opRetrieve, k, err)
	}
	for _, known := range s.seen.in(p.group) {
		r := s.seen.get(known)
		if e := entries[known.field]; e != nil && !r.newer(e.version) {
			continue
		}
		e, err := s.current(ctx, known) // which restores it
		if err != nil && !errors.Is(err, ErrUnreadable) {
			return k, failed(opRetrieve, k, err)
		}
		if err == nil && e != nil && e.later == nil {
			entries[known.field] = e
		}
	}
	var best *entry
	for _, e := range entries {
		if e.kind != isDiscarded && k.Matches(e.key, e.login) && (best == nil || e.betterThan(best)) {
			best = e
		}
	}
	if best == nil {
		return k, nil
	}
	return best.key, nil
}

// betterThan reports whether a program that may use both uses e: a login rather than a
// logout, one that can be refreshed, and the newer one.
func (e *entry) betterThan(o *entry) bool {
	switch {
	case e.kind != o.kind:
		return e.kind == isLogin
	case e.kind == isLogout:
		return e.newer(o.version)
	case (e.login.Ended == "") != (o.login.Ended == ""):
		return e.login.Ended == ""
	default:
		return e.login.IssuedAt.After(o.login.IssuedAt)
	}
}

// entries returns what can be opened of a group, by field.
func (s *Store) entries(ctx context.Context, client redis.Cmdable, group string) (map[string]*entry, error) {
	fields, err := call(ctx, s, func(ctx context.Context) (map[string]string, error) {
		return client.HGetAll(ctx, group).Result()
	})
	if err != nil {
		return nil, err
	}
	all := map[string]*entry{}
	for field, raw := range fields {
		if !strings.HasPrefix(field, recordField) {
			continue
		}
		e, err := s.open(ctx, group, field, []byte(raw))
		switch {
		case err != nil:
			s.opts.log.DebugContext(ctx, "a stored login is left out", slog.Any("error", err))
		case e != nil && e.later == nil:
			all[field] = e
		}
	}
	return all, nil
}

// List returns the keys of all logins that can be opened. It looks at every key of Redis
// (SCAN), so it is for people.
func (s *Store) List(ctx context.Context) ([]auth.Key, error) {
	var (
		mu   sync.Mutex // a Cluster is asked in parallel
		keys []auth.Key
	)
	node := func(ctx context.Context, client redis.Cmdable) error {
		found, err := s.scan(ctx, client)
		mu.Lock()
		defer mu.Unlock()
		keys = append(keys, found...)
		return err
	}
	var err error
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error { return node(ctx, c) })
	} else {
		err = node(ctx, s.client)
	}
	if err != nil {
		if !errors.Is(err, ErrUnreachable) && !errors.Is(err, ErrClosed) {
			err = s.unreachable(ctx, err, s.opts.limit)
		}
		return keys, failed(opList, auth.Key{}, err)
	}
	return keys, nil
}

func (s *Store) scan(ctx context.Context, client redis.Cmdable) (keys []auth.Key, err error) {
	type page struct {
		groups []string
		next   uint64
	}
	done := map[string]bool{} // SCAN may return a key twice
	for cursor := uint64(0); ; {
		p, err := call(ctx, s, func(ctx context.Context) (page, error) {
			groups, next, err := client.ScanType(ctx, cursor, escaped(s.opts.prefix)+"{*}", 500, "hash").Result()
			return page{groups, next}, err
		})
		if err != nil {
			return keys, err
		}
		for _, group := range p.groups {
			if done[group] {
				continue
			}
			done[group] = true
			entries, err := s.entries(ctx, client, group)
			if err != nil {
				return keys, fmt.Errorf("after %d logins: %w", len(keys), err)
			}
			for _, e := range entries {
				if e.kind == isLogin {
					keys = append(keys, e.key)
				}
			}
		}
		if cursor = p.next; cursor == 0 {
			return keys, nil
		}
	}
}

// escaped returns text as a pattern that matches it alone.
func escaped(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(text)
}
