package authserver

import (
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

// tokenInfo is what a token stands for.
type tokenInfo struct {
	subject, client  string
	scopes, audience []string
	claims           map[string]any // more claims for a signed token
	login            string         // names the login that it came from; all of it is revoked at once
}

// digest stands for a token: the registry keeps none in clear.
type digest [sha256.Size]byte

func digestOf(token string) digest { return sha256.Sum256([]byte(token)) }

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

// registry remembers every token that was handed out.
type registry struct {
	mu      sync.Mutex
	access  map[digest]*accessRecord
	refresh map[digest]*refreshRecord
	ended   map[string]bool // logins that were revoked: nothing more may come of them
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

// lookup returns a copy of what is known of an access token.
func (g *registry) lookup(token string) (accessRecord, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, ok := g.access[digestOf(token)]
	if !ok {
		return accessRecord{}, false
	}
	return *r, true
}

// known reports whether token, of either kind, was handed out here.
func (g *registry) known(token string) bool {
	d := digestOf(token)
	g.mu.Lock()
	defer g.mu.Unlock()
	_, access := g.access[d]
	_, refresh := g.refresh[d]
	return access || refresh
}

// moment is when a refresh token is used, and for how long after its first use it
// may be.
type moment struct {
	now   time.Time
	grace time.Duration
}

// spent reports whether r was used before, longer ago than the grace lasts.
func (m moment) spent(r *refreshRecord) bool {
	return r.used && (m.grace == 0 || m.now.Sub(r.usedAt) >= m.grace)
}

// refreshable finds the login behind a refresh token that may still be used.
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

// refreshGood finds the login behind a refresh token of client that could be used
// now. Asking is no use: unlike [registry.refreshable] it ends no login.
func (g *registry) refreshGood(token, client string, m moment) (tokenInfo, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, ok := g.refresh[digestOf(token)]
	if !ok || r.client != client || r.revoked || m.spent(r) {
		return tokenInfo{}, false
	}
	return r.tokenInfo, true
}

// useUp marks a refresh token as used. It reports false, and revokes the login,
// when another request was faster.
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

// revoke ends one token of client: an access token alone, a refresh token with
// all that came from its login (RFC 7009 section 2.1). It reports false if the
// token belongs to another client, and true for a token that nobody knows.
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

// endLogin revokes all that came from a login, and all that will.
func (g *registry) endLogin(login string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.revokeLogin(login)
}

// expireAll ends every access token that is still good, as if its time were over.
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
