package authserver

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"
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
}

type refreshRecord struct {
	tokenInfo

	usedAt  time.Time // of its first use
	used    bool
	revoked bool
}

// registry stores every token that was issued.
type registry struct {
	mu      sync.Mutex
	access  map[digest]*accessRecord
	refresh map[digest]*refreshRecord
	ended   map[string]bool // revoked logins: they get no further tokens
	purge   int             // size of access at which old entries go
}

const purgeAt = 1 << 14

func newRegistry() *registry {
	return &registry{access: map[digest]*accessRecord{}, refresh: map[digest]*refreshRecord{}, ended: map[string]bool{}, purge: purgeAt}
}

func (g *registry) addAccess(token string, info tokenInfo, now, expiry time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.access) >= g.purge {
		for d, r := range g.access {
			if now.Sub(r.expiry) > time.Hour {
				delete(g.access, d)
			}
		}
		g.purge = max(purgeAt, 2*len(g.access))
	}
	g.access[digestOf(token)] = &accessRecord{tokenInfo: info, expiry: expiry, revoked: g.ended[info.login]}
}

func (g *registry) addRefresh(info tokenInfo) string {
	token := "rt_" + rand.Text()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refresh[digestOf(token)] = &refreshRecord{tokenInfo: info, revoked: g.ended[info.login]}
	return token
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
	return *r, true
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
		r.revoked = true
		g.revokeLogin(r.login)
	}
	return r.tokenInfo, !r.revoked
}

// refreshGood returns the login of a refresh token that client could use now. Unlike
// [registry.refreshable] it does not count as a use and revokes no login.
func (g *registry) refreshGood(token, client string, m moment) (tokenInfo, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, ok := g.refresh[digestOf(token)]
	if !ok || r.client != client || r.revoked || m.spent(r) {
		return tokenInfo{}, false
	}
	return r.tokenInfo, true
}

// useUp marks a refresh token as used. It returns false, and revokes the login, if
// another request has used it meanwhile.
func (g *registry) useUp(token string, m moment) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, ok := g.refresh[digestOf(token)]
	if !ok || r.revoked {
		return false
	}
	if m.spent(r) {
		g.revokeLogin(r.login)
		return false
	}
	if !r.used {
		r.used, r.usedAt = true, m.now
	}
	return true
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
	}
	if r, ok := g.refresh[d]; ok {
		if r.client != client {
			return false
		}
		r.revoked = true
		g.revokeLogin(r.login)
	}
	return true
}

// revokeLogin needs mu held.
func (g *registry) revokeLogin(login string) {
	if login == "" {
		return
	}
	g.ended[login] = true
	for _, r := range g.access {
		if r.login == login {
			r.revoked = true
		}
	}
	for _, r := range g.refresh {
		if r.login == login {
			r.revoked = true
		}
	}
}

// endLogin revokes every token of a login, also later ones.
func (g *registry) endLogin(login string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.revokeLogin(login)
}

// expireAll makes every valid access token expire now.
func (g *registry) expireAll(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range g.access {
		if r.expiry.After(now) {
			r.expiry = now
		}
	}
}

// revokeAll revokes every access token, and with logins every refresh token too.
func (g *registry) revokeAll(logins bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range g.access {
		r.revoked = true
	}
	if !logins {
		return
	}
	for _, r := range g.refresh {
		r.revoked = true
		if r.login != "" {
			g.ended[r.login] = true
		}
	}
}
