package objectstore

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

// The buckets of what is kept.
const (
	bucketObjects = "objects"
	bucketKeys    = "keys"
)

// keySigning is the key, in bucketKeys, of the key that signs URLs.
const keySigning = "urls"

var errEncoding = errors.New("an object without its description")

// KeepIn makes the store report its changes to k. Package mockserver calls it, before the
// first request and before [Store.Restore].
func (s *Store) KeepIn(k kept.Keeper) { s.keeper = k }

// Restore takes over the objects of a store elsewhere, and the key that signs URLs.
func (s *Store) Restore(from kept.View) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, all := from.Stale(bucketKeys); all {
		found := false
		err := from.Each(bucketKeys, keySigning, func(_ string, value []byte) error {
			s.key, found = slices.Clone(value), true
			return nil
		})
		if err != nil {
			return err
		}
		if !found {
			s.keeper.Keep(kept.Change{Bucket: bucketKeys, Key: keySigning, Value: kept.Bytes(s.key)})
		}
	}
	names := map[string]string{} // by the key that is kept
	for key := range s.objects {
		names[keptKey(key)] = key
	}
	return kept.Take(from, bucketObjects, func(key string, value []byte) error {
		if value == nil {
			delete(s.objects, names[key])
			return nil
		}
		o, err := readObject(value)
		if err != nil {
			return fmt.Errorf("object %q: %w", key, err)
		}
		s.objects[o.info.Key] = o
		return nil
	})
}

func keptKey(key string) string { return kept.Key(strings.Split(key, "/")...) }

func (o object) change() kept.Change {
	return kept.Change{Bucket: bucketObjects, Key: keptKey(o.info.Key), Value: o.encode}
}

// keptInfo is the description of an object as it is kept, without what follows from its
// content.
type keptInfo struct {
	Key         string            `json:"key"`
	ContentType string            `json:"contentType,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	Modified    time.Time         `json:"modified"`
}

// encode returns the length of the object's description, that, and the content.
func (o object) encode() []byte {
	info, err := json.Marshal(keptInfo{
		Key: o.info.Key, ContentType: o.info.ContentType, Metadata: o.info.Metadata, Modified: o.info.Modified,
	})
	if err != nil {
		return nil // not so: it has texts and a time
	}
	value := binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64+len(info)+len(o.data)), uint64(len(info)))
	return append(append(value, info...), o.data...)
}

func readObject(value []byte) (o object, err error) {
	size, n := binary.Uvarint(value)
	if n <= 0 || size > uint64(max(len(value)-n, 0)) {
		return o, errEncoding
	}
	end := n + int(size) //nolint:gosec // within value, as just compared
	var info keptInfo
	if err := json.Unmarshal(value[n:end], &info); err != nil {
		return o, err
	}
	if !validKey(info.Key) {
		return o, errEncoding
	}
	o.data = slices.Clone(value[end:])
	o.info = Info{
		Key: info.Key, Size: int64(len(o.data)), MD5: md5.Sum(o.data), ContentType: info.ContentType,
		Metadata: info.Metadata, Modified: info.Modified,
	}
	return o, nil
}
