// Package kept brings the mock's memory and a store in step.
//
// The parts of the mock answer from memory. Each of them reports its changes to a
// [Keeper], under its own lock and so in their order, and is an [Owner]: it can take over
// what the store holds. A [Journal] stands between. It writes what was reported, many
// changes at once, and before an answer leaves the server, [Journal.Settle] waits until
// everything that the answer may have seen is written. If a write fails, the journal lets
// the owners take the stored values again, so that memory and store stay equal.
//
// A service that is to be kept reports each change of a record as a [Change] with the
// record's encoding, a nil value for a record that is gone (a reset reports one for each
// record), and reads its bucket in its owner's Restore. A bucket that older programs do not
// know makes a new version of the file: see package state.
package kept

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
)

// Change is the new value of one key.
type Change struct {
	Bucket, Key string
	// Value encodes the value; nil, like a nil result, deletes. Keep calls it at once,
	// under the lock of the caller, or never.
	Value func() []byte
}

// Bytes returns a Value that is these bytes.
func Bytes(value []byte) func() []byte { return func() []byte { return value } }

// Keeper takes changes. It never blocks, so that owners report under their locks.
type Keeper interface {
	// Keep takes changes that are written together or not at all.
	Keep(changes ...Change)
	// Ready returns a channel that is closed as soon as writing works: now, unless the
	// latest write has failed.
	Ready() <-chan struct{}
}

// View is what the store holds, for an [Owner] that takes it over.
type View interface {
	// Each calls f for the keys of a bucket that begin with prefix, in their order, until f
	// fails. The value is valid in f only.
	Each(bucket, prefix string, f func(key string, value []byte) error) error
	// Stale returns the keys of a bucket whose values in memory may differ from the store's;
	// all is true at the start, when every value may. The owner calls it under the lock under
	// which it reports changes, and then takes each of these values from Each.
	Stale(bucket string) (keys []string, all bool)
}

// Owner is a part of the mock whose memory is kept.
type Owner interface {
	// Restore makes the memory equal to the store.
	Restore(from View) error
}

// Off keeps nothing.
type Off struct{}

// Keep does nothing.
func (Off) Keep(...Change) {}

// Ready returns a closed channel.
func (Off) Ready() <-chan struct{} { return closed() }

func closed() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// Stores limit their keys: longer names, and longer keys, are replaced by their hashes.
const (
	longName = 128
	longKey  = 8 << 10
)

// Key returns the key of a record that these names identify. Other names give another key.
// The key of the first names, with a slash behind it, begins the keys of all names that
// begin with them, if these are a few.
func Key(names ...string) string {
	parts := make([]string, len(names))
	for i, name := range names {
		if parts[i] = url.PathEscape(name); len(parts[i]) > longName {
			parts[i] = hash(name)
		}
	}
	key := strings.Join(parts, "/")
	if len(key) > longKey {
		return hash(key)
	}
	return key
}

// hash returns a text that is no escaped name.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "#" + hex.EncodeToString(sum[:])
}

// Take calls f for every stale key of a bucket with the store's value, or nil if the store
// has none. The owner calls it under the lock under which it reports changes.
func Take(from View, bucket string, f func(key string, value []byte) error) error {
	keys, all := from.Stale(bucket)
	if all {
		return from.Each(bucket, "", f)
	}
	for _, key := range keys {
		if err := Get(from, bucket, key, func(value []byte) error { return f(key, value) }); err != nil {
			return err
		}
	}
	return nil
}

// Get calls f once, with the value of one key, or nil if there is none.
func Get(from View, bucket, key string, f func(value []byte) error) error {
	found := false
	err := from.Each(bucket, key, func(k string, value []byte) error {
		if k != key {
			return errEnough
		}
		found = true
		if err := f(value); err != nil {
			return err
		}
		return errEnough
	})
	switch {
	case err != nil && !errors.Is(err, errEnough):
		return err
	case found:
		return nil
	}
	return f(nil)
}

var errEnough = errors.New("enough")
