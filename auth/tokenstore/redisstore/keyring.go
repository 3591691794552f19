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

	mu    sync.Mutex
	first string
	aeads map[string]cipher.AEAD
	read  time.Time
}

// sealing returns the key that seals.
func (r *keyring) sealing(ctx context.Context) (id string, aead cipher.AEAD, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx, keysAge); err != nil {
		return "", nil, err
	}
	return r.first, r.aeads[r.first], nil
}

// opening returns the key with the given ID.
func (r *keyring) opening(ctx context.Context, id string) (cipher.AEAD, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx, keysAge); err != nil {
		return nil, err
	}
	if aead, ok := r.aeads[id]; ok {
		return aead, nil
	}
	if err := r.load(ctx, keysPause); err != nil {
		return nil, err
	}
	if aead, ok := r.aeads[id]; ok {
		return aead, nil
	}
	return nil, fmt.Errorf("%w: it was sealed with the key %q, which this program does not have", ErrUnreadable, id)
}

// load reads the keys if they were read longer ago than age. Where that fails those that
// are there remain in use.
func (r *keyring) load(ctx context.Context, age time.Duration) error {
	if r.aeads != nil && time.Since(r.read) < age {
		return nil
	}
	first, aeads, err := readKeys(ctx, r.source)
	if err != nil && r.aeads == nil {
		return fmt.Errorf("%w: the keys for stored logins: %w", auth.ErrMisconfigured, err)
	}
	r.read = time.Now()
	if err == nil {
		r.first, r.aeads = first, aeads
	}
	return nil
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
