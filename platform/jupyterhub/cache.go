package jupyterhub

import (
	"container/list"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

// maxKnown is how many identified callers are cached, and how many invalid tokens. They
// are counted apart, so that many invalid tokens evict no valid caller.
const maxKnown = 10_000

type cacheKey [sha256.Size]byte

// key returns a hash that differs for different questions and does not reveal them.
func (q question) key() (k cacheKey) {
	h := sha256.New()
	for _, part := range []string{q.kind, q.session, q.value} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	h.Sum(k[:0])
	return k
}

// cache holds identified callers, and hashes of tokens that the hub did not accept.
type cache struct {
	age   time.Duration
	clock clock.Clock

	mu    sync.Mutex
	users recent
	none  recent
}

// recent holds entries, and evicts the least recently used first.
type recent struct {
	byKey map[cacheKey]*list.Element
	order list.List // of *entry, the last used in front
}

type entry struct {
	key  cacheKey
	user *User
	end  clock.Reading // zero: none
}

func newCache(age time.Duration) *cache {
	if age == 0 {
		age = DefaultCacheMaxAge
	}
	return &cache{age: age, users: recent{byKey: map[cacheKey]*list.Element{}}, none: recent{byKey: map[cacheKey]*list.Element{}}}
}

// get returns the cached answer; nil and true mean that the hub identified no user.
func (c *cache) get(k cacheKey) (*User, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Read()
	if e := c.users.get(k, now); e != nil {
		return e.user, true
	}
	return nil, c.none.get(k, now) != nil
}

func (c *cache) put(k cacheKey, u *User) {
	if c.age == NoCache {
		return
	}
	e := &entry{key: k, user: u}
	if c.age != CacheForever {
		e.end = c.clock.Read().Add(c.age)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users.remove(k)
	c.none.remove(k)
	if u == nil {
		c.none.put(e)
		return
	}
	c.users.put(e)
}

func (r *recent) get(k cacheKey, now clock.Reading) *entry {
	at := r.byKey[k]
	if at == nil {
		return nil
	}
	e, _ := at.Value.(*entry)
	if now.Reached(e.end) {
		r.remove(k)
		return nil
	}
	r.order.MoveToFront(at)
	return e
}

func (r *recent) put(e *entry) {
	r.byKey[e.key] = r.order.PushFront(e)
	if r.order.Len() > maxKnown {
		oldest, _ := r.order.Back().Value.(*entry)
		r.remove(oldest.key)
	}
}

func (r *recent) remove(k cacheKey) {
	if at := r.byKey[k]; at != nil {
		r.order.Remove(at)
		delete(r.byKey, k)
	}
}
