package tokenstore

import (
	"log/slog"

	"github.com/jetway-go/jetway/auth"
)

// Config changes what [Default] returns. The zero value is the usual one.
type Config struct {
	// Off stores logins in memory only, and reads and writes nothing outside of the
	// process.
	Off bool
	// NoKeyring uses no keyring.
	NoKeyring bool
	// Mirror also stores people's logins where Flyte's own tools find them; see
	// [FlyteTools].Mirror.
	Mirror bool
	// Dir is the directory of files; empty means the one of [FileStore].
	Dir string
	// LockDir is the directory of lock files; empty means jetway/locks in
	// os.UserCacheDir.
	LockDir string
	// Logger receives warnings of stores and logins that cannot be used, never a secret;
	// nil discards them.
	Logger *slog.Logger
}

// Default returns the store for the logins of a flow with traits t: the keyring, with
// the logins of Flyte's own tools, then (only if t.FileStorable) a file that only its
// owner can read, then memory. Logins of a flow that is Unstored stay in memory.
//
// Nothing is read or written before the first use.
func Default(t auth.Traits, c Config) auth.Store { return compose(t, c, theKeyring) }

// compose is Default with that keyring.
func compose(t auth.Traits, c Config, system *systemKeyring) auth.Store {
	if c.Off || t.Unstored {
		return &MemoryStore{}
	}
	f := &FallbackStore{Logger: c.Logger}
	if !c.NoKeyring {
		keyring := &KeyringStore{LockDir: c.LockDir, Logger: c.Logger, system: system}
		f.Stores = append(f.Stores, &FlyteTools{Keyring: keyring, Mirror: c.Mirror})
	}
	if t.FileStorable {
		f.Stores = append(f.Stores, &FileStore{Dir: c.Dir, LockDir: c.LockDir, Logger: c.Logger})
	}
	f.Stores = append(f.Stores, &MemoryStore{})
	return f
}
