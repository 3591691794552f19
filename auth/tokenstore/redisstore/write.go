package redisstore

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"strconv"

	"github.com/jetway-go/jetway/auth"
)

// view is what a write finds.
type view struct {
	current *entry // nil: nothing
	trouble error  // why current, which is there, cannot be used
	stamp   string // of what is there
	fence   uint64 // the newest
	now     uint64 // milliseconds since 1970, of the clock of Redis
	known   version
	lost    uint64 // fence of a lease of this Store that is lost and not unlocked, else 0
	held    uint64 // fence of its lease that is held, else 0
}

// draft is what a write stores.
type draft struct {
	kind kind
	version
	login *auth.Credentials
}

// errNotSwapped says that what is stored is to stay.
var errNotSwapped = errors.New("not the expected login")

// id returns the ID of the login that is there.
func (v *view) id() string {
	if v.current == nil {
		return ""
	}
	return v.current.login.ID()
}

// hidden reports whether a person has logged in or out since the program has read the
// generation told, which is 0 if it has read none.
func (v *view) hidden(told uint64) bool {
	switch {
	case v.current == nil:
		return false
	case told == 0: // who knows the ID of a login has seen it
		return v.current.kind == isLogout
	default:
		return v.current.gen > told
	}
}

// overtaken reports whether another has written since this Store lost its lease.
func (v *view) overtaken() bool {
	return v.lost > 0 && v.current != nil && v.current.fence > v.lost
}

// nextGeneration returns a version above all that were in use before now, so that it counts
// even where Redis has lost those before it.
func (v *view) nextGeneration() version {
	gen := max(v.now, v.known.gen+1)
	if v.current != nil {
		gen = max(gen, v.current.gen+1)
	}
	return version{gen: gen}
}

func (v *view) nextRevision() version {
	return version{gen: v.current.gen, rev: v.current.rev + 1}
}

const attempts = 20 // of a write, when others write too

// write replaces the record of p by what decide makes of the present one, and nothing comes
// between. It reports false where decide returns errNotSwapped. It finds mine, which may be
// nil, to be stored already.
func (s *Store) write(ctx context.Context, p place, mine *record, decide func(*view) (*draft, error)) (bool, error) {
	for range attempts {
		v, err := s.view(ctx, p)
		if err != nil {
			return false, err
		}
		if mine != nil && mine.stamp() == v.stamp { // the answer was lost, not the write
			s.wrote(p, mine)
			return true, nil
		}
		if again, err := s.restore(ctx, p, v.current, v.stamp); err != nil {
			return false, err
		} else if again {
			continue
		}
		d, err := decide(v)
		if err != nil {
			if errors.Is(err, errNotSwapped) {
				err = nil
			}
			return false, err
		}
		r := &record{kind: d.kind, version: d.version, fence: v.held}
		expected := ""
		if v.held == 0 {
			r.fence, expected = v.fence+1, strconv.FormatUint(v.fence, 10)
		}
		if mine, err = s.seal(ctx, p, r, d.login); err != nil {
			return false, err
		}
		done, err := s.swap(ctx, p, v.stamp, mine, expected)
		if err != nil {
			return false, err
		}
		if done {
			s.wrote(p, mine)
			s.confirm(ctx, p)
			return true, nil
		}
	}
	return false, errContended
}

func (s *Store) wrote(p place, r *record) {
	s.seen.put(p, r)
	s.seen.tell(p, r.gen)
}

// view reads what is stored. Only an entry that was opened counts as the current one.
func (s *Store) view(ctx context.Context, p place) (*view, error) {
	answer, err := run(ctx, s, s.scripts.view, p, p.field)
	if err != nil {
		return nil, err
	}
	raw := []byte(text(answer, 0))
	v := &view{fence: uint64(number(answer, 1)), now: uint64(number(answer, 3)), stamp: string(raw)} //nolint:gosec // not negative
	v.current, v.trouble = s.open(ctx, p.group, p.field, raw)
	if v.current != nil {
		v.stamp, v.trouble = v.current.stamp(), v.current.later
		s.seen.put(p, v.current.record)
	}
	if known := s.seen.get(p); known != nil {
		v.known = known.version
	}
	s.seen.fence(p, v.fence)
	v.held, v.lost = s.turns.leases(p.group, text(answer, 2))
	return v, nil
}

// swap stores r in place of what has the given stamp.
func (s *Store) swap(ctx context.Context, p place, stamp string, r *record, fence string) (bool, error) {
	nonce := r.raw[fixedHeader+len(r.keyID):][:nonceSize]
	answer, err := run(ctx, s, s.scripts.swap, p, p.field, stamp, r.raw, hex.EncodeToString(nonce), r.fence, fence,
		s.opts.logouts.Milliseconds())
	return number(answer, 0) == 1, err
}

// restore puts the newest record of p that this Store knows in place of e, which may be nil,
// if that is older, and reports whether what is stored has changed.
func (s *Store) restore(ctx context.Context, p place, e *entry, stamp string) (changed bool, err error) {
	known := s.seen.get(p)
	if known == nil || e != nil && !known.newer(e.version) || e == nil && stamp != "" {
		return false, nil
	}
	if known, err = s.resealed(ctx, p, known); err != nil || known == nil {
		return false, err
	}
	done, err := s.swap(ctx, p, stamp, known, "")
	if done {
		s.seen.put(p, known)
		s.opts.log.WarnContext(ctx, "Redis had lost what was stored of a login last; it was stored again",
			slog.String("endpoint", p.key.Endpoint))
	}
	return err == nil, err
}

// resealed returns r, which was opened or sealed here before, sealed with the first key of now:
// others may not have the one that it has. It is nil if r cannot be opened any more.
func (s *Store) resealed(ctx context.Context, p place, r *record) (*record, error) {
	first, _, err := s.keys.sealing(ctx)
	if err != nil || r.keyID == first {
		return r, err
	}
	next := &record{kind: r.kind, version: r.version, fence: r.fence}
	if r.kind != isLogin {
		return s.seal(ctx, p, next, nil)
	}
	e, err := s.open(ctx, p.group, p.field, r.raw)
	switch {
	case err == nil && e.later == nil:
		return s.seal(ctx, p, next, e.login)
	case err == nil:
		return r, nil
	}
	s.opts.log.DebugContext(ctx, "a stored login is left out", slog.Any("error", err))
	return nil, nil //nolint:nilnil // nothing can be put back
}

// catchUp restores all that this Store knows of a group, and reports whether it has.
func (s *Store) catchUp(ctx context.Context, group string) bool {
	ok := true
	for _, p := range s.seen.in(group) {
		if _, err := s.current(ctx, p); err != nil && !errors.Is(err, ErrUnreadable) {
			ok = false
		}
	}
	if ok {
		s.hub.settled(group)
	}
	return ok
}

// succeed returns next as the successor of the login with the ID oldID that this Store has
// read last, nil if that is another one. Where it holds the lease, which is the usual case,
// it stores it at once, in one command: if the process ended before, the login would be lost.
func (s *Store) succeed(ctx context.Context, p place, known *record, oldID string, next *auth.Credentials) (*record, error) {
	if known == nil || known.kind != isLogin || known.gen > s.seen.knows(p) {
		return nil, nil //nolint:nilnil // there is none
	}
	e, err := s.open(ctx, p.group, p.field, known.raw)
	if err != nil || e.login == nil || e.login.ID() != oldID {
		return nil, nil //nolint:nilerr,nilnil // the usual way says what is wrong
	}
	fence := s.turns.held(p.group)
	r := &record{kind: isLogin, version: version{gen: known.gen, rev: known.rev + 1}, fence: max(fence, s.seen.fence(p, 0))}
	if r, err = s.seal(ctx, p, r, next); err != nil {
		return nil, err
	}
	if fence > 0 {
		_, err = s.swap(ctx, p, known.stamp(), r, "")
	}
	return r, err
}

// postpone remembers r, which may be nil, where why says that Redis did not take it or did
// not confirm it. It is restored when Redis can be reached, unless something newer is there.
func (s *Store) postpone(p place, r *record, why error) {
	if r == nil || !errors.Is(why, ErrUnreachable) {
		return
	}
	s.seen.put(p, r)
	s.hub.await(p)
}
