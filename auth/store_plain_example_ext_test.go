package auth_test

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jetway-go/jetway/auth"
)

// plain is the smallest Store: three methods over rows of bytes. Tokens are in the rows
// in plain text, so a real one encrypts them or is readable by its owner only.
type plain struct{ rows sync.Map } // auth.Key to []byte

func (p *plain) Store(_ context.Context, k auth.Key, c *auth.Credentials) error {
	row, err := auth.Encode(k, c)
	if err == nil {
		p.rows.Store(k, row)
	}
	return err
}

func (p *plain) Retrieve(_ context.Context, k auth.Key) (*auth.Credentials, error) {
	row, ok := p.rows.Load(k)
	if !ok {
		return nil, auth.ErrNoCredentials
	}
	stored, c, err := auth.Decode(row.([]byte))
	switch {
	case errors.Is(err, auth.ErrNewerVersion): // kept, and counted as none
		return nil, fmt.Errorf("%w: %w", auth.ErrNoCredentials, err)
	case err == nil && stored != k:
		return nil, errors.New("the login of another key")
	}
	return c, err
}

func (p *plain) Delete(_ context.Context, k auth.Key) error {
	p.rows.Delete(k)
	return nil
}

// Three methods, Encode and Decode are all that a Store of one's own needs to write and read a login.
func ExampleStore_plain() {
	ctx, key, store := context.Background(), auth.Key{Endpoint: "flyte.example.com", Flow: "vault"}, &plain{}
	fmt.Println(store.Store(ctx, key, &auth.Credentials{AccessToken: "an access token"}))

	login := auth.New(key, exampleFlow{}, auth.Env{}, auth.WithStore(store)) // finds it; the flow does not run
	defer login.Close()
	status, err := login.Inspect(ctx)
	fmt.Println(status, err)
	// Output:
	// <nil>
	// login for flyte.example.com, usable, stored in *auth_test.plain <nil>
}
