package introspect

import (
	"container/list"
	"crypto/sha256"
	"sync"

	"github.com/jetway-go/jetway/internal/clock"
)

// cacheKey is the hash of a token, so that memory dumps of the cache hold no tokens.
type cacheKey [sha256.Size]byte

// cache holds answers about active tokens, each until its end. When it is full, the
// least recently used entry makes room. A nil cache is always empty.
type cache struct {
	size int

	mu    sync.Mutex
	byKey map[cacheKey]*list.Element
	order list.List // of *entry, the last used in front
}

type entry struct {
	key    cacheKey
	claims map[string]any
	end    clock.Reading
}

func newCache(size int) *cache {
	return &cache{size: size, byKey: map[cacheKey]*list.Element{}}
}

// get returns nil if there is no answer that can be used at now.
func (c *cache) get(k cacheKey, now clock.Reading) map[string]any {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.byKey[k]
	if at == nil {
		return nil
	}
	e, _ := at.Value.(*entry)
	if now.Reached(e.end) {
		c.remove(at)
		return nil
	}
	c.order.MoveToFront(at)
	return e.claims
}

func (c *cache) put(k cacheKey, claims map[string]any, end clock.Reading) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.byKey[k]; at != nil {
		c.remove(at)
	}
	c.byKey[k] = c.order.PushFront(&entry{key: k, claims: claims, end: end})
	if c.order.Len() > c.size {
		c.remove(c.order.Back())
	}
}

func (c *cache) remove(at *list.Element) {
	e, _ := c.order.Remove(at).(*entry)
	delete(c.byKey, e.key)
}
