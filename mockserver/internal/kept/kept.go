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
	Value       []byte // nil deletes; nothing may change it afterwards
}

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

// longName is the length at which a name is replaced by its hash: stores limit their keys.
const longName = 128

// Key returns the key of a record that these names identify. Other names give another key.
// The key of the first names, with a slash behind it, begins the keys of all names that
// begin with them.
func Key(names ...string) string {
	parts := make([]string, len(names))
	for i, name := range names {
		if parts[i] = url.PathEscape(name); len(parts[i]) > longName {
			sum := sha256.Sum256([]byte(name))
			parts[i] = "#" + hex.EncodeToString(sum[:])
		}
	}
	return strings.Join(parts, "/")
}

// Take calls f for every stale key of a bucket with the store's value, or nil if the store
// has none. The owner calls it under the lock under which it reports changes.
func Take(from View, bucket string, f func(key string, value []byte) error) error {
	keys, all := from.Stale(bucket)
	if all {
		return from.Each(bucket, "", f)
	}
	for _, key := range keys {
		found := false
		err := from.Each(bucket, key, func(k string, value []byte) error {
			if k != key {
				return errEnough
			}
			found = true
			return f(k, value)
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
		if found {
			continue
		}
		if err := f(key, nil); err != nil {
			return err
		}
	}
	return nil
}

var errEnough = errors.New("enough")
