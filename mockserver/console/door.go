package console

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"
)

// Limits of what the door remembers; the oldest goes first.
const (
	maxCodes    = 8
	maxSessions = 16
	sessionTTL  = 12 * time.Hour
	reopenPause = 10 * time.Second
)

// digest identifies a code or a cookie: neither is stored in clear.
type digest [sha256.Size]byte

// session is one browser that came with a code.
type session struct {
	id     digest // of its cookie
	csrf   string // what its forms must carry
	expiry time.Time
}

// door lets browsers in that come with a code.
type door struct {
	cookie string // its name, another one for each port: browsers give cookies to every port of a host

	mu       sync.Mutex
	codes    []digest
	sessions []session
	reopened time.Time
}

func newDoor(port string) *door { return &door{cookie: "jetway_console_" + port} }

// newCode returns a code that serves once.
func (d *door) newCode() string {
	code := rand.Text()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.codes = append(d.codes, sha256.Sum256([]byte(code)))
	d.codes = d.codes[max(0, len(d.codes)-maxCodes):]
	return code
}

// renewed returns a code in place of all others; false if that was done a moment ago.
func (d *door) renewed() (code string, ok bool) {
	d.mu.Lock()
	if !d.reopened.IsZero() && time.Since(d.reopened) < reopenPause {
		d.mu.Unlock()
		return "", false
	}
	d.reopened, d.codes = time.Now(), nil
	d.mu.Unlock()
	return d.newCode(), true
}

// enter exchanges a code for the value of a cookie.
func (d *door) enter(code string) (cookie string, ok bool) {
	given := sha256.Sum256([]byte(code))
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.codes {
		if subtle.ConstantTimeCompare(d.codes[i][:], given[:]) != 1 {
			continue
		}
		d.codes = append(d.codes[:i:i], d.codes[i+1:]...)
		cookie = rand.Text()
		d.sessions = append(d.sessions, session{
			id: sha256.Sum256([]byte(cookie)), csrf: rand.Text(), expiry: time.Now().Add(sessionTTL),
		})
		d.sessions = d.sessions[max(0, len(d.sessions)-maxSessions):]
		return cookie, true
	}
	return "", false
}

// session returns the session of a request.
func (d *door) session(r *http.Request) (session, bool) {
	cookie, err := r.Cookie(d.cookie)
	if err != nil {
		return session{}, false
	}
	id := sha256.Sum256([]byte(cookie.Value))
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.sessions {
		if subtle.ConstantTimeCompare(s.id[:], id[:]) == 1 && time.Now().Before(s.expiry) {
			return s, true
		}
	}
	return session{}, false
}

// setCookie gives a browser its cookie, for the console only.
func (d *door) setCookie(w http.ResponseWriter, value string, encrypted bool) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the server: without TLS the cookie would not come back
		Name: d.cookie, Value: value, Path: Path, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: encrypted,
	})
}

// forged reports whether a form does not carry the token of its session.
func (s session) forged(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(s.csrf)) != 1
}
