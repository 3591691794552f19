package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/jetway-go/jetway/internal/clock"
)

const (
	// storeTimeout ends a store's operation, which may wait for ever and has no caller's
	// deadline: a renewal belongs to no call.
	storeTimeout = 10 * time.Second
	// lockTimeout is how long a renewal waits for that of another process. Then it
	// continues without the lock: a process that hangs must not stop the others.
	lockTimeout = 20 * time.Second
)

// storage is the stored login of one key: the Store, within time limits, and its
// optional powers (lock, swap, discard). A panic of the Store is an error of it.
type storage struct {
	store  Store // nil: logins end with the process
	key    Key
	log    *slog.Logger
	clock  clock.Clock
	report *reporter

	noLock, otherPurpose, notFound sync.Once // warnings

	lockFailed atomic.Bool         // the last time, with ErrLeaseRequired
	place      atomic.Pointer[Key] // where the login was found; nil: not looked yet
}

func (s *storage) name() string { return fmt.Sprintf("the store %T", s.store) }

// retrieve returns what is stored, if it was made for what this program asks, and
// remembers where that is for the methods that change it.
func (s *storage) retrieve(ctx context.Context) (*Credentials, error) {
	place, c, err := s.find(ctx)
	switch {
	case err == nil:
		s.place.Store(&place)
	case errors.Is(err, ErrNoCredentials):
		s.place.Store(nil)
	}
	return c, err
}

// find is retrieve for those who only read.
func (s *storage) find(ctx context.Context) (place Key, c *Credentials, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	defer s.report.during(&ctx, Reading, &err)()
	defer recovered(ctx, s.log, s.name(), &err)
	place, c, err = Find(ctx, s.store, s.key)
	if other, ok := errors.AsType[*mismatchError](err); ok {
		s.otherPurpose.Do(func() {
			s.log.InfoContext(ctx, "a stored login is not used: it was made for another client or audience",
				slog.String("its client", other.found.ClientID), slog.String("its audience", other.found.Audience),
				slog.String("client", s.key.ClientID), slog.String("audience", s.key.Audience))
		})
	}
	return place, c, err
}

// at returns the key that the login is stored under.
func (s *storage) at() Key {
	if place := s.place.Load(); place != nil {
		return *place
	}
	return s.key
}

// checkPurpose warns of a login that the next program will not find.
func (s *storage) checkPurpose(ctx context.Context, c *Credentials) {
	if s.key.Matches(s.key, c) {
		return
	}
	s.notFound.Do(func() {
		s.log.WarnContext(ctx, "the login was made for another client or audience than the Key names; the next program will not use it",
			slog.String("its client", c.ClientID), slog.String("its audience", c.Audience),
			slog.String("client", s.key.ClientID), slog.String("audience", s.key.Audience))
	})
}

var errDeleted = errors.New("the stored login was deleted during its renewal")

// put stores c. Nothing stored before matters.
func (s *storage) put(ctx context.Context, c *Credentials) (err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	defer s.report.during(&ctx, Storing, &err)()
	defer recovered(ctx, s.log, s.name(), &err)
	s.checkPurpose(ctx, c)
	place := s.at()
	if !place.Matches(place, c) { // a new login, for something else than the one before it
		place = s.key
		s.place.Store(&place)
	}
	return s.store.Store(ctx, place, c)
}

// replace stores c in place of the login with the ID old. If the store holds
// another one by now, which cannot be while the lock is held, that one stays and
// is returned.
func (s *storage) replace(ctx context.Context, l *lock, old string, c *Credentials) (newer *Credentials, err error) {
	swapper, ok := s.store.(Swapper)
	if !ok && l.exclusive() {
		return nil, s.put(ctx, c)
	}
	if ok {
		limited, cancel := context.WithTimeout(ctx, storeTimeout)
		defer cancel()
		defer s.report.during(&limited, Storing, &err)()
		defer recovered(ctx, s.log, s.name(), &err)
		s.checkPurpose(ctx, c)
		if swapped, err := swapper.Swap(limited, s.at(), old, c); swapped || err != nil {
			return nil, err
		}
	}
	stored, err := s.retrieve(ctx)
	gone := errors.Is(err, ErrNoCredentials)
	switch {
	case errors.Is(err, ErrLoggedOut):
		return nil, err
	case gone && old != "" && s.watched(): // it was lost: a logout would be known
		return s.replace(ctx, l, "", c)
	case gone && old != "":
		return nil, errDeleted
	case err != nil && (ok || !gone):
		return nil, err
	case ok || stored.ID() != old:
		return stored, nil
	default: // without a Swapper there is nothing better
		return nil, s.put(ctx, c)
	}
}

// end stores that the refresh token of dead was rejected for good, when, and why. It returns
// another login that was stored since, nil if there is none.
func (s *storage) end(ctx context.Context, l *lock, dead *Credentials, why error) *Credentials {
	if s.store == nil {
		return nil
	}
	stored, err := s.retrieve(ctx)
	switch {
	case err != nil: // another program may have logged out
		return nil
	case stored.RefreshToken != dead.RefreshToken && stored.olderThan(dead), stored.Ended != "":
		return nil
	case stored.RefreshToken != dead.RefreshToken:
		return stored
	}
	ended := *stored
	ended.Ended = oneLine(why.Error()) + " (" + s.clock.Read().Wall().UTC().Format(time.RFC3339) + ")"
	if ended.AccessToken != "" { // without any token it could not be stored
		ended.RefreshToken = ""
	}
	newer, err := s.replace(ctx, l, stored.ID(), &ended)
	if err != nil {
		s.log.DebugContext(ctx, "cannot store why the login ended", slog.Any("error", err))
	}
	if newer == nil && (err != nil || ended.RefreshToken == "") {
		if err := s.discard(ctx, dead); err != nil { // other copies of it
			s.log.WarnContext(ctx, "cannot delete the login whose refresh token was rejected", slog.Any("error", err))
		}
	}
	return newer
}

// note changes the stored login with the ID id, if it still is the stored one. Where machines
// share the store and there is no login, it stores a note instead; not after a logout, which
// others might not have seen yet.
func (s *storage) note(ctx context.Context, l *lock, id string, change func(*Credentials)) {
	if s.store == nil {
		return
	}
	s.lock(ctx, l, nil)
	stored, err := s.retrieve(ctx)
	if errors.Is(err, ErrNoCredentials) && !errors.Is(err, ErrLoggedOut) && s.watched() {
		stored, err = &Credentials{}, nil
	}
	if err != nil || stored.ID() != id {
		return
	}
	noted := *stored
	change(&noted)
	if _, err := s.replace(ctx, l, id, &noted); err != nil {
		s.log.DebugContext(ctx, "cannot store a note for other programs", slog.Any("error", err))
	}
}

// oneLine returns text in a form that can be stored: one line of at most 500 bytes.
func oneLine(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), 500)], "")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// discard deletes dead, and no other login.
func (s *storage) discard(ctx context.Context, dead *Credentials) (err error) {
	limited, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	defer s.report.during(&limited, Deleting, &err)()
	defer recovered(ctx, s.log, s.name(), &err)
	if d, ok := s.store.(Discarder); ok {
		return d.Discard(limited, s.at(), dead)
	}
	stored, err := s.retrieve(ctx)
	switch {
	case errors.Is(err, ErrNoCredentials):
		return nil
	case err != nil || stored.RefreshToken != dead.RefreshToken:
		return err
	}
	return s.store.Delete(limited, s.at())
}

// remove deletes the stored login.
func (s *storage) remove(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	defer s.report.during(&ctx, Deleting, &err)()
	defer recovered(ctx, s.log, s.name(), &err)
	return s.store.Delete(ctx, s.at())
}
