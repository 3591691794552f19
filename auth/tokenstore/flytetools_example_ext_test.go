package tokenstore_test

import (
	"fmt"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// A person who has logged in with this program need not log in with flyte-sdk, and the
// other way round. On a machine without a keyring the login stays in memory.
func ExampleFlyteTools() {
	tools := &tokenstore.FlyteTools{
		Keyring: &tokenstore.KeyringStore{LockDir: "/run/lock/example"},
		Mirror:  true,
	}
	store := &tokenstore.FallbackStore{Stores: []auth.Store{tools, &tokenstore.MemoryStore{}}}

	key := auth.Key{Endpoint: "flyte.example.com", Flow: auth.StoredFlow}
	fmt.Println(tools.Location(key))
	fmt.Println(store.Persistent())
	// Output:
	// keyring (jetway:flyte.example.com)
	// true
}
