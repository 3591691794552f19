package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// keyringDeadline is what one operation may take, all its calls together.
const keyringDeadline = 3 * time.Second

// maxCopies bounds the loops that delete an item until it is gone: tools that
// label their items differently leave several under one name.
const maxCopies = 16

// do runs f when its turn has come, with keyringDeadline for all of it. A caller
// who leaves early does not interrupt f: half a write would be no login.
func (s *KeyringStore) do(ctx context.Context, op string, k auth.Key, f func(ctx context.Context) error) error {
	if err := s.run(ctx, f); err != nil {
		return &auth.Error{Op: op, Endpoint: k.Endpoint, Err: err}
	}
	return nil
}

func (s *KeyringStore) run(ctx context.Context, f func(ctx context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !s.machine().reachable() {
		return fmt.Errorf("%w: there is no D-Bus session bus (DBUS_SESSION_BUS_ADDRESS is not set)", ErrKeyringUnavailable)
	}
	turn := s.turns()
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.whyBroken(); err != nil {
		<-turn
		return err
	}
	done := make(chan error, 1)
	go func() {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), keyringDeadline)
		defer cancel()
		err := f(limited)
		<-turn
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *KeyringStore) turns() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.turn == nil {
		s.turn = make(chan struct{}, 1)
	}
	return s.turn
}

func (s *KeyringStore) whyBroken() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

func (s *KeyringStore) breakOff(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = err
}

// call makes one call to the keyring. Whatever shows that there is no use in
// another one is remembered.
func (s *KeyringStore) call(ctx context.Context, value string, f func(items keyringItems) error) error {
	if err := s.whyBroken(); err != nil {
		return err
	}
	err := classify(s.attempt(ctx, f), value)
	if errors.Is(err, ErrKeyringTimeout) || errors.Is(err, ErrKeyringUnavailable) {
		s.breakOff(err)
	}
	return err
}

// attempt runs f in a goroutine of its own. The library knows no context: a call
// that hangs is left to itself.
func (s *KeyringStore) attempt(ctx context.Context, f func(items keyringItems) error) error {
	late := fmt.Errorf("%w (%v); it may be waiting for somebody to unlock it", ErrKeyringTimeout, keyringDeadline)
	if ctx.Err() != nil {
		return late
	}
	items := s.items
	if items == nil {
		items = systemKeyring{}
	}
	done := make(chan error, 1)
	go func() {
		defer func() { // the library trusts what it reads from the bus
			if p := recover(); p != nil {
				done <- fmt.Errorf("%w: it sent an answer that cannot be understood", ErrKeyringUnavailable)
			}
		}()
		done <- f(items)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return late
	}
}

func (s *KeyringStore) get(ctx context.Context, service, user string) (value string, err error) {
	var got string
	err = s.call(ctx, "", func(items keyringItems) (err error) {
		got, err = items.Get(service, user)
		return err
	})
	if err != nil {
		return "", err // got may still be written to
	}
	return got, nil
}

// set writes an item and reads it back: what is not there later costs a login.
// Reading another value means a second item of the same name, made by a tool
// that labels its items differently; then all of them go first.
func (s *KeyringStore) set(ctx context.Context, service, user, value, application string) error {
	if limit := s.machine().limit; limit > 0 && len(value) > limit {
		return fmt.Errorf("%w: %d bytes in one item", ErrKeyringTooBig, len(value))
	}
	for again := range 2 {
		if again > 0 {
			if err := s.remove(ctx, service, user); err != nil {
				return err
			}
		}
		err := s.call(ctx, value, func(items keyringItems) error { return items.Set(service, user, value, application) })
		if err != nil {
			return err
		}
		got, err := s.get(ctx, service, user)
		if err != nil && !errors.Is(err, auth.ErrNoCredentials) {
			return err
		}
		if got == value {
			return nil
		}
	}
	return fmt.Errorf("%w: it does not give back what was stored in it", ErrKeyringUnavailable)
}

// remove deletes every item of that name.
func (s *KeyringStore) remove(ctx context.Context, service, user string) error {
	for range maxCopies {
		err := s.call(ctx, "", func(items keyringItems) error { return items.Delete(service, user) })
		if errors.Is(err, auth.ErrNoCredentials) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: an item is still there after it was deleted %d times", ErrKeyringUnavailable, maxCopies)
}

// classify gives an error of the keyring one of the package's meanings. Its text
// is kept unless it could repeat value.
func classify(err error, value string) error {
	if err == nil || errors.Is(err, ErrKeyringUnavailable) || errors.Is(err, ErrKeyringTimeout) {
		return err
	}
	if cause := keyringCause(err); cause != nil {
		return cause
	}
	class := ErrKeyringUnavailable
	text := err.Error()
	if strings.Contains(text, "failed to unlock") || strings.Contains(text, " locked") || lockedExit(err) {
		class = ErrKeyringLocked
	}
	if value != "" || len(text) > 300 {
		text = fmt.Sprintf("%T", err)
	}
	return fmt.Errorf("%w: %s", class, text)
}

// lockedExit knows how /usr/bin/security of macOS ends when nobody may be asked,
// when the password was wrong and when the person refused: its exit code is the
// low byte of errSecInteractionNotAllowed (-25308), errSecAuthFailed (-25293) and
// userCanceledErr (-128).
func lockedExit(err error) bool {
	exit := (*exec.ExitError)(nil)
	if !errors.As(err, &exit) {
		return false
	}
	switch exit.ExitCode() {
	case 36, 51, 128:
		return true
	default:
		return false
	}
}
