package tokenstore_test

import (
	"context"
	"fmt"
	"os"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// The login of a person is stored in a file here, since this program shall not use the
// keyring.
func ExampleDefault() {
	dir, err := os.MkdirTemp("", "logins")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()

	person := auth.Traits{Interactive: true, FileStorable: true, Name: auth.StoredFlow}
	store := tokenstore.Default(person, tokenstore.Config{NoKeyring: true, Dir: dir})

	ctx := context.Background()
	key := auth.Key{Endpoint: "flyte.example.com", Flow: person.Name}
	if err := store.Store(ctx, key, &auth.Credentials{AccessToken: "secret", RefreshToken: "secret too"}); err != nil {
		fmt.Println(err)
		return
	}
	found, err := store.Retrieve(ctx, key)
	fmt.Println(found, err)
	// Output: credentials 2bb80d537b1da3e38bd30361aa855686, renewable <nil>
}
