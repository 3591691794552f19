package auth

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// persister is a Store that tells whether its logins outlive the process.
type persister interface{ Persistent() bool }

// locator is a Store that tells people where a login rests.
type locator interface{ Location(k Key) string }

// discarder is a Store that can delete a dead login and spare a live one, where
// several may lie under one key.
type discarder interface {
	discard(ctx context.Context, k Key, dead *Credentials) error
}

func persistent(s Store) bool {
	p, ok := s.(persister)
	return ok && p.Persistent()
}

func location(s Store, k Key) string {
	if l, ok := s.(locator); ok {
		return l.Location(k)
	}
	return fmt.Sprintf("%T", s)
}

func storeName(s Store) string {
	switch s.(type) {
	case *KeyringStore:
		return "keyring"
	case *FileStore:
		return "file"
	case *MemoryStore:
		return "memory"
	default:
		return fmt.Sprintf("%T", s)
	}
}

// discard deletes what s keeps under k if dead is what it keeps.
func discard(ctx context.Context, s Store, k Key, dead *Credentials) error {
	if d, ok := s.(discarder); ok {
		return d.discard(ctx, k, dead)
	}
	c, err := s.Retrieve(ctx, k)
	if err == nil && c != nil && c.RefreshToken == dead.RefreshToken {
		return s.Delete(ctx, k)
	}
	if errors.Is(err, ErrNoCredentials) {
		return nil
	}
	return err
}

// Persistent tells that logins outlive the process.
func (s *FileStore) Persistent() bool { return true }

// Location is the path of the file of k.
func (s *FileStore) Location(k Key) string {
	dir, err := s.path()
	if err != nil {
		return "file"
	}
	return filepath.Join(dir, fileName(k))
}

// Location is where every login of this store rests: in memory.
func (s *MemoryStore) Location(Key) string { return inMemory }

const inMemory = "memory"
