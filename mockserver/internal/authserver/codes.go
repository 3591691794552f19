package authserver

import (
	"crypto/rand"
	"sync"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

// codeRecord is the login behind an authorization code.
type codeRecord struct {
	tokenInfo

	redirect, challenge string
	expiry              time.Time
	used                bool
}

// codes stores authorization codes, also after their use.
type codes struct {
	keeper kept.Keeper

	mu    sync.Mutex
	byID  map[digest]*codeRecord
	purge int
}

func newCodes() *codes {
	return &codes{keeper: kept.Off{}, byID: map[digest]*codeRecord{}, purge: purgeAt}
}

func (c *codes) add(r codeRecord, now time.Time) string {
	code := "ac_" + rand.Text()
	c.mu.Lock()
	defer c.mu.Unlock()
	var changes []kept.Change
	if len(c.byID) >= c.purge {
		for d, old := range c.byID {
			if now.Sub(old.expiry) > time.Hour {
				delete(c.byID, d)
				changes = append(changes, drop(bucketCodes, d))
			}
		}
		c.purge = max(purgeAt, 2*len(c.byID))
	}
	d := digestOf(code)
	c.byID[d] = &r
	c.keeper.Keep(append(changes, r.change(d))...)
	return code
}

// find returns a copy of a code's record.
func (c *codes) find(code string) (codeRecord, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.byID[digestOf(code)]
	if !ok {
		return codeRecord{}, false
	}
	return *r, true
}

// use marks a code as used and reports whether this was its first use.
func (c *codes) use(code string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := digestOf(code)
	r, ok := c.byID[d]
	if !ok || r.used {
		return false
	}
	r.used = true
	c.keeper.Keep(r.change(d))
	return true
}
