package doctor

import (
	"context"
	"errors"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// checker is a store that can tell, without asking a person and without a change, why it
// could not store or read a login.
type checker interface {
	Check(ctx context.Context, k auth.Key) error
}

// store checks each place where the login may be.
func (x *examination) store(ctx context.Context) finding {
	switch {
	case !x.setup.Login:
		return skip("the settings say no login")
	case x.setup.SharedLogin:
		return skip("the program has an Authenticator of its own")
	case x.setup.Store == nil:
		return skip("the login is kept in memory: none is stored")
	}
	var seen []string
	var worst finding
	lasts := false
	for _, s := range places(x.setup.Store) {
		if _, memory := s.(*tokenstore.MemoryStore); memory {
			continue
		}
		f := x.place(ctx, s)
		seen = append(seen, f.seen)
		if f.state == OK || f.problem == Readable {
			lasts = true
		}
		if worse(f, worst) {
			worst = f
		}
	}
	switch {
	case len(seen) == 0:
		return ok("memory: the login ends with the process")
	case worst.problem == KeyringAbsent && lasts, worst.problem == NotWritable && lasts:
		worst = finding{state: OK} // another place takes the login
	case worst.state == "":
		worst.state = OK
	}
	worst.seen = strings.Join(seen, "; ")
	worst.goOn = worst.problem != KeyringLocked && worst.problem != Timeout // reading it would ask a person, or wait
	return worst
}

// worse reports whether a is more urgent than b.
func worse(a, b finding) bool {
	rank := func(f finding) int {
		switch {
		case f.problem == KeyringLocked:
			return 4
		case f.problem == Readable:
			return 3
		case f.state == Failed:
			return 2
		case f.state == Warning:
			return 1
		default:
			return 0
		}
	}
	return rank(a) > rank(b)
}

// places are the stores that a store is made of.
func places(s auth.Store) []auth.Store {
	if f, ok := s.(*tokenstore.FallbackStore); ok {
		return f.Stores
	}
	return []auth.Store{s}
}

func (x *examination) place(ctx context.Context, s auth.Store) finding {
	at := "the program's own store"
	if l, ok := s.(auth.Locator); ok {
		at = l.Location(x.setup.Key)
	}
	c, checks := s.(checker)
	if !checks {
		return ok(at + " is not checked")
	}
	err := c.Check(ctx, x.setup.Key)
	seen := at
	if err != nil {
		if wrapped, isStore := errors.AsType[*auth.Error](err); isStore {
			err = wrapped.Err
		}
		seen += ": " + err.Error()
	}
	switch {
	case err == nil:
		return ok(at + " can be used")
	case errors.Is(err, tokenstore.ErrKeyringLocked), errors.Is(err, tokenstore.ErrKeyringTimeout):
		return fail(KeyringLocked, seen, "unlock the keyring, by logging in at the desktop or in its own program, and try again; "+
			inAFile)
	case errors.Is(err, tokenstore.ErrKeyringUnavailable):
		return warn(KeyringAbsent, seen, "without a keyring a login ends with the process: start one (such as gnome-keyring), "+
			inAFile)
	case errors.Is(err, tokenstore.ErrReadable):
		return warn(Readable, seen, "other users may have read the token: run chmod 600 on the file, and log out and in again")
	case ctx.Err() != nil:
		return fail(Timeout, seen, "the store does not answer: check the disk, or the service, that holds it")
	case errors.Is(err, tokenstore.ErrNotWritable):
		return fail(NotWritable, seen, "let this user write to the directory, "+otherDirs)
	default:
		return fail(BadStore, seen, "correct what the text names, "+otherDirs)
	}
}
