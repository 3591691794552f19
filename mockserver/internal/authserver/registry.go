package authserver

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

// tokenInfo is what a token is issued for.
type tokenInfo struct {
	subject, client  string
	scopes, audience []string
	claims           map[string]any // more claims for a signed token
	login            string         // ID of the login that it belongs to; a login is revoked as a whole
}

// digest identifies a token: the registry keeps no token in clear.
type digest [sha256.Size]byte

func digestOf(token string) digest { return sha256.Sum256([]byte(token)) }

// tokenID returns what [oauth.TokenID] returns for the token.
func (d digest) tokenID() string { return hex.EncodeToString(d[:16]) }

type accessRecord struct {
	tokenInfo
	expiry  time.Time
	revoked bool
	refused bool // at a call; see [registry.refused]
}

type refreshRecord struct {
	tokenInfo

	usedAt  time.Time // of its first use
	used    bool
	revoked bool
}

// registry stores every token that was issued.
type registry struct {
	keeper kept.Keeper

	mu      sync.Mutex
	access  map[digest]*accessRecord
	refresh map[digest]*refreshRecord
	ended   map[string]bool            // revoked logins: they get no further tokens
	onEnd   func(login, reason string) // is told when a login is revoked
	purge   int                        // size of access at which old entries go
}

const purgeAt = 1 << 14

func newRegistry() *registry {
	return &registry{
		keeper: kept.Off{}, onEnd: func(string, string) {},
		access: map[digest]*accessRecord{}, refresh: map[digest]*refreshRecord{}, ended: map[string]bool{}, purge: purgeAt,
	}
}

func (g *registry) addAccess(token string, info tokenInfo, now, expiry time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keeper.Keep(g.newAccess(token, info, now, expiry)...)
}

// newAccess needs mu held.
func (g *registry) newAccess(token string, info tokenInfo, now, expiry time.Time) (changes []kept.Change) {
	if len(g.access) >= g.purge {
		for d, r := range g.access {
			if now.Sub(r.expiry) > time.Hour {
				delete(g.access, d)
				changes = append(changes, drop(bucketAccess, d))
			}
		}
		g.purge = max(purgeAt, 2*len(g.access))
	}
	d, r := digestOf(token), &accessRecord{tokenInfo: info, expiry: expiry}
	g.access[d] = r
	return append(changes, r.change(d))
}

func (g *registry) addRefresh(info tokenInfo) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	token, change := g.newRefresh(info)
	g.keeper.Keep(change)
	return token
}

// newRefresh needs mu held.
func (g *registry) newRefresh(info tokenInfo) (string, kept.Change) {
	token := "rt_" + rand.Text()
	d, r := digestOf(token), &refreshRecord{tokenInfo: info}
	g.refresh[d] = r
	return token, r.change(d)
}

// lookup returns a copy of an access token's record.
func (g *registry) lookup(token string) (accessRecord, bool) { return g.find(digestOf(token)) }

func (g *registry) find(d digest) (accessRecord, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, ok := g.access[d]
	if !ok {
		return accessRecord{}, false
	}
	out := *r
	out.revoked = out.revoked || g.ended[r.login]
	return out, true
}

// known reports whether token was issued here as an access or a refresh token.
func (g *registry) known(token string) bool {
	d := digestOf(token)
	g.mu.Lock()
	defer g.mu.Unlock()
	_, access := g.access[d]
	_, refresh := g.refresh[d]
	return access || refresh
}

// moment is the time at which a refresh token is used, and how long after its first use
// it may be used again.
type moment struct {
	now   time.Time
	grace time.Duration
}

// spent reports whether r was first used longer ago than the grace.
func (m moment) spent(r *refreshRecord) bool {
	return r.used && (m.grace == 0 || m.now.Sub(r.usedAt) >= m.grace)
}

// refreshable returns the login of a refresh token that may still be used.
func (g *registry) refreshable(token, client string, m moment) (tokenInfo, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, ok := g.refresh[digestOf(token)]
	if !ok || r.client != client {
		return tokenInfo{}, false
	}
	if m.spent(r) {
		g.revokeRefresh(digestOf(token), r, endedByReuse)
	}
	return r.tokenInfo, !g.dead(r)
}

// dead reports whether a refresh token is revoked, alone or with its login.
func (g *registry) dead(r *refreshRecord) bool { return r.revoked || g.ended[r.login] }

// refreshGood returns the login of a refresh token that client could use now. Unlike
// [registry.refreshable] it does not count as a use and revokes no login.
func (g *registry) refreshGood(token, client string, m moment) (tokenInfo, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, ok := g.refresh[digestOf(token)]
	if !ok || r.client != client || g.dead(r) || m.spent(r) {
		return tokenInfo{}, false
	}
	return r.tokenInfo, true
}

// successor is what follows a refresh token that is used up: an access token, and the login
// that the next refresh token is for.
type successor struct {
	access      string
	info, login tokenInfo
	expiry      time.Time
}

// rotate marks a refresh token as used and stores the tokens that follow; all of it is kept
// together or not at all. It returns the next refresh token. If another request has used
// the token meanwhile, it returns false and revokes the login.
func (g *registry) rotate(token string, m moment, next successor) (string, bool) {
	d := digestOf(token)
	g.mu.Lock()
	defer g.mu.Unlock()
	r, ok := g.refresh[d]
	if !ok || g.dead(r) {
		return "", false
	}
	if m.spent(r) {
		g.keeper.Keep(g.endings(r.login, endedByReuse)...)
		return "", false
	}
	if !r.used {
		r.used, r.usedAt = true, m.now
	}
	refresh, change := g.newRefresh(next.login)
	changes := append(g.newAccess(next.access, next.info, m.now, next.expiry), r.change(d), change)
	g.keeper.Keep(changes...)
	return refresh, true
}

// revoke revokes one token of client: an access token alone, a refresh token with every
// token of its login (RFC 7009 section 2.1). It returns false if the token was issued to
// another client, and true for an unknown token.
func (g *registry) revoke(token, client string) bool {
	d := digestOf(token)
	g.mu.Lock()
	defer g.mu.Unlock()
	if r, ok := g.access[d]; ok {
		if r.client != client {
			return false
		}
		r.revoked = true
		g.keeper.Keep(r.change(d))
	}
	if r, ok := g.refresh[d]; ok {
		if r.client != client {
			return false
		}
		g.revokeRefresh(d, r, endedByClient)
	}
	return true
}

// revokeRefresh revokes a refresh token and its login. It needs mu held.
func (g *registry) revokeRefresh(d digest, r *refreshRecord, reason string) {
	r.revoked = true
	g.keeper.Keep(append(g.endings(r.login, reason), r.change(d))...)
}

// endings revokes a login, whose tokens [registry.lookup] and [registry.dead] then take for
// revoked. It needs mu held. Without a reason it tells no one.
func (g *registry) endings(login, reason string) []kept.Change {
	if login == "" || g.ended[login] {
		return nil
	}
	g.ended[login] = true
	if reason != "" {
		g.onEnd(login, reason)
	}
	return []kept.Change{{Bucket: bucketEnded, Key: login, Value: kept.Bytes([]byte{})}}
}

// endLogin revokes every token of a login, also later ones.
func (g *registry) endLogin(login, reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keeper.Keep(g.endings(login, reason)...)
}

// loginOf returns what a refresh token was issued for, whether or not it may still be used.
func (g *registry) loginOf(refreshToken string) (tokenInfo, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, ok := g.refresh[digestOf(refreshToken)]
	if !ok {
		return tokenInfo{}, false
	}
	return r.tokenInfo, true
}

// refused returns what an access token was issued for. It returns true once for each
// token, the first time.
func (g *registry) refused(token string) (tokenInfo, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, ok := g.access[digestOf(token)]
	if !ok || r.refused {
		return tokenInfo{}, false
	}
	r.refused = true
	return r.tokenInfo, true
}

// expireAll makes every valid access token expire now.
func (g *registry) expireAll(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var changes []kept.Change
	for d, r := range g.access {
		if r.expiry.After(now) {
			r.expiry = now
			changes = append(changes, r.change(d))
		}
	}
	g.keeper.Keep(changes...)
}

// revokeAll revokes every access token, and with logins every refresh token too.
func (g *registry) revokeAll(logins bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var changes []kept.Change
	for d, r := range g.access {
		if !r.revoked {
			r.revoked = true
			changes = append(changes, r.change(d))
		}
	}
	if logins {
		for d, r := range g.refresh {
			r.revoked = true
			changes = append(append(changes, r.change(d)), g.endings(r.login, "")...)
		}
	}
	g.keeper.Keep(changes...)
}
