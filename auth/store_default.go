package auth

import "log/slog"

// PersonFlow is the Flow of the [Key] of every login that a person has made, and
// so the Name in the [Traits] of every flow that asks one. They share it, so that
// a login made in a browser is found by a program that only renews stored logins,
// and by one that would have shown a code.
const PersonFlow = "stored"

// StoreConfig changes what [DefaultStore] makes. The zero value is the usual.
type StoreConfig struct {
	// Off keeps logins in memory only: nothing outside of the process is read or
	// written.
	Off bool
	// NoKeyring leaves the keyring alone.
	NoKeyring bool
	// Mirror also keeps people's logins where flyte-sdk looks; see
	// [KeyringStore].Mirror.
	Mirror bool
	// Dir is the directory of files; empty means the one of [FileStore].
	Dir string
	// Logger hears of stores that cannot be used, never a secret; nil discards.
	Logger *slog.Logger
}

// DefaultStore returns the store for the logins of a flow with traits t: the
// keyring, then (only where t.FileStorable) a file that its owner alone can read,
// then memory. Logins of a flow that is Unstored stay in memory.
//
// Nothing is touched before the first use. A program that opens several client
// sets gives all of them one store: what it has learned of a broken keyring is
// not learned again.
func DefaultStore(t Traits, c StoreConfig) Store {
	if c.Off || t.Unstored {
		return &MemoryStore{}
	}
	f := &Fallback{Logger: c.Logger}
	if !c.NoKeyring {
		f.Stores = append(f.Stores, &KeyringStore{Mirror: c.Mirror, Logger: c.Logger})
	}
	if t.FileStorable {
		f.Stores = append(f.Stores, &FileStore{Dir: c.Dir, Logger: c.Logger})
	}
	f.Stores = append(f.Stores, &MemoryStore{})
	return f
}
