package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// leaseTime is how long a lock is held at most: the program that holds it may die.
const leaseTime = time.Minute

// table is a store: one row for each key. With a database each method is one
// statement; here a mutex makes it one.
type table struct {
	mu     sync.Mutex
	logins map[auth.Key][]byte // as auth.Encode writes them
	leases map[auth.Key]*lease
}

// Without Locker every program would renew the login for itself; without Swapper one
// that was suspended could overwrite a newer login with its own.
var (
	_ auth.Store   = (*table)(nil)
	_ auth.Locker  = (*table)(nil)
	_ auth.Swapper = (*table)(nil)
)

func newTable() *table {
	return &table{logins: map[auth.Key][]byte{}, leases: map[auth.Key]*lease{}}
}

// Store is INSERT … ON CONFLICT UPDATE. The row holds tokens in plain text, so only the
// programs that use them may read the table.
func (t *table) Store(_ context.Context, k auth.Key, c *auth.Credentials) error {
	row, err := auth.Encode(k, c)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.logins[k] = row
	return nil
}

// Retrieve is SELECT.
func (t *table) Retrieve(_ context.Context, k auth.Key) (*auth.Credentials, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.read(k)
}

// read is called with mu held.
func (t *table) read(k auth.Key) (*auth.Credentials, error) {
	row, ok := t.logins[k]
	if !ok {
		return nil, auth.ErrNoCredentials
	}
	_, c, err := auth.Decode(row)
	return c, err
}

// Delete is DELETE; it is no error if there was nothing.
func (t *table) Delete(_ context.Context, k auth.Key) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.logins, k)
	return nil
}

// Swap is UPDATE … WHERE id = oldID: it replaces the login that the caller has read,
// and no newer one.
func (t *table) Swap(_ context.Context, k auth.Key, oldID string, next *auth.Credentials) (bool, error) {
	row, err := auth.Encode(k, next)
	if err != nil {
		return false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	stored, err := t.read(k)
	if err != nil && !errors.Is(err, auth.ErrNoCredentials) {
		return false, err
	}
	if stored.ID() != oldID { // "" if there is none
		return false, nil
	}
	t.logins[k] = row
	return true, nil
}

// Lock waits for the lease of k.
func (t *table) Lock(ctx context.Context, k auth.Key) (auth.Lease, error) {
	for {
		mine, held := t.take(k)
		if mine != nil {
			return mine, nil
		}
		select {
		case <-held.free:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take returns a lease of k, or the one that another caller holds.
func (t *table) take(k auth.Key) (mine, held *lease) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if held := t.leases[k]; held != nil {
		return nil, held
	}
	mine = &lease{lost: make(chan struct{}), free: make(chan struct{})}
	mine.release = sync.OnceFunc(func() { t.release(k, mine) })
	mine.limit = time.AfterFunc(leaseTime, func() {
		close(mine.lost)
		mine.release()
	})
	t.leases[k] = mine
	return mine, nil
}

func (t *table) release(k auth.Key, l *lease) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.leases, k)
	close(l.free)
}

// String counts the rows; it shows no token.
func (t *table) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return fmt.Sprintf("the table has %d login", len(t.logins))
}

// lease is a lock on one login. It ends with Unlock or after leaseTime.
type lease struct {
	lost, free chan struct{}
	release    func()
	limit      *time.Timer
}

// Lost is closed when leaseTime ends first.
func (l *lease) Lost() <-chan struct{} { return l.lost }

// Unlock lets the next caller in.
func (l *lease) Unlock() {
	l.limit.Stop()
	l.release()
}
