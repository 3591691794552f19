package authserver

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"
)

// session is a browser, identified by its cookie.
type session struct {
	csrf   string // token that its forms must carry
	login  string // login of its user; empty before a login
	expiry time.Time
}

// visit is one request that a user has to decide, bound to the browser in which it
// began.
type visit struct {
	auth     *authRequest // of the authorization endpoint, or nil
	userCode string       // typed on the device page; empty before
	relogin  bool         // ask for the password even in a session that is logged in
	expiry   time.Time

	owner *session
}

// view is a visit with the parts of its session that a page needs.
type view struct {
	visit

	id, csrf, login string
	cookie          string // to set; empty if the browser has it already
}

// visits stores the sessions and their visits.
type visits struct {
	mu       sync.Mutex
	sessions map[digest]*session
	byID     map[string]*visit
}

const (
	sessionTTL = 12 * time.Hour
	visitTTL   = 15 * time.Minute
	maxVisits  = 1 << 14
)

func newVisits() *visits { return &visits{sessions: map[digest]*session{}, byID: map[string]*visit{}} }

// begin opens a visit in the session of cookie, or in a new one.
func (v *visits) begin(cookie string, what visit, now time.Time) (view, *protocolError) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.byID) >= maxVisits || len(v.sessions) >= maxVisits {
		v.purge(now)
	}
	if len(v.byID) >= maxVisits || len(v.sessions) >= maxVisits {
		return view{}, &protocolError{status: http.StatusServiceUnavailable, code: codeServerError, description: "too many logins are under way"}
	}
	owner, known := v.sessions[digestOf(cookie)]
	if !known || now.After(owner.expiry) {
		cookie = rand.Text()
		owner = &session{csrf: rand.Text(), expiry: now.Add(sessionTTL)}
		v.sessions[digestOf(cookie)] = owner
	} else {
		cookie = ""
	}
	what.owner, what.expiry = owner, now.Add(visitTTL)
	id := rand.Text()
	v.byID[id] = &what
	return view{visit: what, id: id, csrf: owner.csrf, login: owner.login, cookie: cookie}, nil
}

// purge needs mu held.
func (v *visits) purge(now time.Time) {
	for id, w := range v.byID {
		if now.After(w.expiry) {
			delete(v.byID, id)
		}
	}
	busy := map[*session]bool{}
	for _, w := range v.byID {
		busy[w.owner] = true
	}
	// With too many sessions, those without a visit are dropped and log in again.
	crowded := len(v.sessions) >= maxVisits
	for d, s := range v.sessions {
		if now.After(s.expiry) || crowded && !busy[s] {
			delete(v.sessions, d)
		}
	}
}

// find returns a visit of the browser with cookie.
func (v *visits) find(cookie, id string, now time.Time) (view, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	owner := v.sessions[digestOf(cookie)]
	w := v.byID[id]
	if owner == nil || w == nil || w.owner != owner || now.After(w.expiry) || now.After(owner.expiry) {
		return view{}, false
	}
	return view{visit: *w, id: id, csrf: owner.csrf, login: owner.login}, true
}

// loggedIn stores the login in a visit's session and gives it a new cookie, so that a
// party that knows the old cookie does not share the login.
func (v *visits) loggedIn(cookie, id, login string) view {
	v.mu.Lock()
	defer v.mu.Unlock()
	fresh := rand.Text()
	w := v.byID[id]
	if w == nil {
		return view{}
	}
	delete(v.sessions, digestOf(cookie))
	v.sessions[digestOf(fresh)] = w.owner
	w.owner.login, w.owner.csrf, w.relogin = login, rand.Text(), false
	return view{visit: *w, id: id, csrf: w.owner.csrf, login: login, cookie: fresh}
}

// typed stores the user code of a visit.
func (v *visits) typed(id, userCode string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if w := v.byID[id]; w != nil {
		w.userCode = userCode
	}
}

// end closes a visit and reports whether it was open.
func (v *visits) end(id string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, open := v.byID[id]
	delete(v.byID, id)
	return open
}

// known reports whether cookie is that of a session.
func (v *visits) known(cookie string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sessions[digestOf(cookie)] != nil
}

// forged reports whether a form does not carry the token of its session.
func (w view) forged(f form) bool {
	return subtle.ConstantTimeCompare([]byte(f.get("csrf")), []byte(w.csrf)) != 1
}
