package auth_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/jetway-go/jetway/auth"
)

// database is a Store of one's own, with every optional power. It stands for a
// database that many machines share: locks are leases, which it can take back.
type database struct {
	mu     sync.Mutex
	logins map[auth.Key][]byte // as Encode writes them
	leases map[auth.Key]*lease
}

func newDatabase() *database {
	return &database{logins: map[auth.Key][]byte{}, leases: map[auth.Key]*lease{}}
}

func (d *database) Store(_ context.Context, k auth.Key, c *auth.Credentials) error {
	data, err := auth.Encode(k, c)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.logins[k] = data
	return nil
}

func (d *database) Retrieve(_ context.Context, k auth.Key) (*auth.Credentials, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	data, ok := d.logins[k]
	if !ok {
		return nil, auth.ErrNoCredentials
	}
	stored, c, err := auth.Decode(data)
	if err == nil && stored != k {
		err = errors.New("the login of another key")
	}
	return c, err
}

func (d *database) Delete(_ context.Context, k auth.Key) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.logins, k)
	return nil
}

// Swap makes a database a Swapper: a holder that lost its lease overwrites nothing.
func (d *database) Swap(_ context.Context, k auth.Key, oldID string, next *auth.Credentials) (bool, error) {
	data, err := auth.Encode(k, next)
	if err != nil {
		return false, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	_, stored, _ := auth.Decode(d.logins[k]) // what cannot be read counts as nothing
	if stored.ID() != oldID {
		return false, nil
	}
	d.logins[k] = data
	return true, nil
}

// List makes a database a Lister.
func (d *database) List(context.Context) ([]auth.Key, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Keys(d.logins)), nil
}

// Lock makes a database a Locker: one holder at a time sends a refresh token.
func (d *database) Lock(ctx context.Context, k auth.Key) (auth.Lease, error) {
	for {
		d.mu.Lock()
		held := d.leases[k]
		if held == nil {
			l := &lease{lost: make(chan struct{}), ended: make(chan struct{})}
			l.unlock = func() { d.end(k, l) }
			d.leases[k] = l
			d.mu.Unlock()
			return l, nil
		}
		d.mu.Unlock()
		select {
		case <-held.ended:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (d *database) end(k auth.Key, l *lease) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.leases[k] == l {
		delete(d.leases, k)
		close(l.ended)
	}
}

// expire takes the lease of k back.
func (d *database) expire(k auth.Key) {
	d.mu.Lock()
	l := d.leases[k]
	d.mu.Unlock()
	close(l.lost)
	d.end(k, l)
}

// Persistent makes a database a Persister, Location a Locator.
func (d *database) Persistent() bool         { return true }
func (d *database) Location(auth.Key) string { return "the login database" }

type lease struct {
	lost, ended chan struct{}
	unlock      func()
}

func (l *lease) Lost() <-chan struct{} { return l.lost }
func (l *lease) Unlock()               { l.unlock() }

// A store needs three methods. With Lock and Swap besides, programs on many machines
// share one rotating refresh token.
func ExampleStore() {
	ctx := context.Background()
	shared := newDatabase()
	login := func() *auth.Authenticator {
		key := auth.Key{Endpoint: "flyte.example.com", Flow: "example"}
		return auth.New(key, exampleFlow{}, auth.Env{}, auth.WithStore(shared))
	}
	here, there := login(), login()
	defer here.Close()
	defer there.Close()

	first, err := here.Credentials(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	second, err := there.Credentials(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("one login:", first.ID() == second.ID())
	fmt.Println("stored in:", there.Status().Stored)
	keys, _ := shared.List(ctx)
	fmt.Println("logins:", len(keys), "for", keys[0].Endpoint)
	// Output:
	// one login: true
	// stored in: the login database
	// logins: 1 for flyte.example.com
}

// exampleFlow logs in without a person.
type exampleFlow struct{}

func (exampleFlow) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	return &auth.Credentials{AccessToken: "an access token"}, nil
}
