package tokenstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// A login outlives the program that made it; printing it shows no token.
func ExampleFileStore() {
	dir, err := os.MkdirTemp("", "jetway")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx, key := context.Background(), auth.Key{Endpoint: "flyte.example.com", Flow: "pkce"}

	store := &tokenstore.FileStore{Dir: dir}
	if err := store.Store(ctx, key, &auth.Credentials{AccessToken: "abc", RefreshToken: "def"}); err != nil {
		fmt.Println(err)
		return
	}
	login, err := (&tokenstore.FileStore{Dir: dir}).Retrieve(ctx, key) // another run of the program
	fmt.Println(login, err)

	err = errors.Join(store.Delete(ctx, key), store.Delete(ctx, key)) // twice is no error
	fmt.Println(err)
	_, err = store.Retrieve(ctx, key)
	fmt.Println(err)
	// Output:
	// credentials ba7816bf8f01cfea414140de5dae2223, renewable <nil>
	// <nil>
	// auth: retrieve for flyte.example.com: no credentials
}
