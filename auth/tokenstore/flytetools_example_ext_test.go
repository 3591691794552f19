package tokenstore_test

import (
	"fmt"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// Whoever logs in here need not do so in flyte-sdk, and the other way round. Machines
// without a keyring store the login in memory.
func ExampleFlyteTools() {
	tools := &tokenstore.FlyteTools{
		Keyring: &tokenstore.KeyringStore{LockDir: "/run/lock/example"},
		Mirror:  true,
	}
	store := &tokenstore.FallbackStore{Stores: []auth.Store{tools, &tokenstore.MemoryStore{}}}

	key := auth.Key{Endpoint: "flyte.example.com", Flow: auth.PersonFlow}
	fmt.Println(tools.Location(key))
	fmt.Println(store.Persistent())
	// Output:
	// keyring (jetway:flyte.example.com)
	// true
}
