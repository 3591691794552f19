package redisstore

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jetway-go/jetway/auth"
)

const (
	keysAge   = time.Minute // after that they are read again
	keysPause = time.Second // between two readings because of an unknown ID
)

// keyring holds the keys that were read last.
type keyring struct {
	source Keys
	limit  time.Duration // for one reading

	mu      sync.Mutex // never held while the keys are read
	first   string
	aeads   map[string]cipher.AEAD // nil: not read yet
	read    time.Time
	reading *reading // under way; nil: none
}

// reading is one call of the source, for all who wait for it. Err may be read once done is
// closed.
type reading struct {
	done chan struct{}
	err  error
}

// sealing returns the key that seals.
func (r *keyring) sealing(ctx context.Context) (id string, aead cipher.AEAD, err error) {
	if err := r.load(ctx, keysAge); err != nil {
		return "", nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.first, r.aeads[r.first], nil
}

// opening returns the key with the given ID.
func (r *keyring) opening(ctx context.Context, id string) (cipher.AEAD, error) {
	for _, age := range []time.Duration{keysAge, keysPause} {
		if err := r.load(ctx, age); err != nil {
			return nil, err
		}
		r.mu.Lock()
		aead, ok := r.aeads[id]
		r.mu.Unlock()
		if ok {
			return aead, nil
		}
	}
	return nil, fmt.Errorf("%w: it was sealed with the key %q, which this program does not have", ErrUnreadable, id)
}

// load reads the keys if they were read longer ago than age. Where that fails those that
// are there remain in use.
func (r *keyring) load(ctx context.Context, age time.Duration) error {
	r.mu.Lock()
	if r.aeads != nil && time.Since(r.read) < age {
		r.mu.Unlock()
		return nil
	}
	if r.reading == nil {
		r.reading = &reading{done: make(chan struct{})}
		go r.ask(context.WithoutCancel(ctx), r.reading)
	}
	now := r.reading
	r.mu.Unlock()
	late := time.NewTimer(r.limit)
	defer late.Stop()
	err := fmt.Errorf("there was no answer within %v", r.limit)
	select {
	case <-now.done:
		err = now.err
	case <-late.C:
	case <-ctx.Done():
		err = ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.aeads != nil {
		return nil
	}
	return fmt.Errorf("%w: the keys for stored logins: %w", auth.ErrMisconfigured, err)
}

// ask calls the source, which is code of the program: it may panic, or return late.
func (r *keyring) ask(ctx context.Context, now *reading) {
	ctx, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	var first string
	var aeads map[string]cipher.AEAD
	err := errors.New("reading them panicked or ended its goroutine")
	defer func() {
		_ = recover()
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.read, r.reading, now.err = time.Now(), nil, err; err == nil {
			r.first, r.aeads = first, aeads
		}
		close(now.done)
	}()
	first, aeads, err = readKeys(ctx, r.source)
}

func readKeys(ctx context.Context, source Keys) (first string, aeads map[string]cipher.AEAD, err error) {
	if source == nil {
		return "", nil, errors.New("none are set")
	}
	keys, err := source(ctx)
	if err != nil {
		return "", nil, err
	}
	if len(keys) == 0 {
		return "", nil, errors.New("there are none")
	}
	aeads = map[string]cipher.AEAD{}
	for _, k := range keys {
		if err := k.check(); err != nil {
			return "", nil, err
		}
		if _, twice := aeads[k.ID]; twice {
			return "", nil, fmt.Errorf("two keys have the ID %q", k.ID)
		}
		block, err := aes.NewCipher(k.Secret)
		if err != nil {
			return "", nil, err
		}
		if aeads[k.ID], err = cipher.NewGCM(block); err != nil {
			return "", nil, err
		}
	}
	return keys[0].ID, aeads, nil
}
