package keycloaktest

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"
)

// ClientID is the one client that the realm knows; it has no secret.
const ClientID = "sdk-client"

// Path is the realm's path; all that it serves lies below.
const Path = "/auth/realms/master"

// User is a person who can log in.
type User struct {
	Name, Password, Email string
}

// Config is what a [Realm] is made of. The zero value has no user who could log in.
type Config struct {
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Users are those who can log in.
	Users []User
	// TokenTTL is the life of access tokens; zero means a minute.
	TokenTTL time.Duration
	// IdleTTL is how long a session lasts without a refresh; zero means an hour.
	IdleTTL time.Duration
	// DeviceTTL is the life of device codes; zero means ten minutes.
	DeviceTTL time.Duration
	// Interval is the time between polls; zero means five seconds.
	Interval time.Duration
	// AutoApprove is a user who agrees to every device at once; empty for none.
	AutoApprove string
	// NeedsPKCE refuses devices without a code challenge, as newer realms may.
	NeedsPKCE bool
}

// Realm is Keycloak's realm "master" as an http.Handler, and the serverauth.Verifier
// of its own tokens. It is safe for concurrent use.
type Realm struct {
	cfg Config
	key []byte // signs tokens

	mu       sync.Mutex
	requests []Request
	devices  map[string]*device  // by device code
	sessions map[string]*session // by current refresh token
	spent    map[string]*session // refresh tokens that were replaced
	tokens   map[string]token    // by access token
	pending  int                 // polls of an approved device to hold up
	slowDown int
	fail     int // status of every answer; 0 for none
}

// NewRealm makes a Realm that does not listen: for a login without a socket, such as
// in a testing/synctest bubble.
func NewRealm(c Config) *Realm {
	if c.Now == nil {
		c.Now = time.Now
	}
	for _, d := range []struct {
		field *time.Duration
		usual time.Duration
	}{
		{&c.TokenTTL, time.Minute},
		{&c.IdleTTL, time.Hour},
		{&c.DeviceTTL, 10 * time.Minute},
		{&c.Interval, 5 * time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.usual
		}
	}
	return &Realm{
		cfg: c, key: []byte(rand.Text()),
		devices: map[string]*device{}, sessions: map[string]*session{}, spent: map[string]*session{}, tokens: map[string]token{},
	}
}

// ServeHTTP answers the two endpoints.
func (s *Realm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	req := s.read(r)
	a := s.answer(r, &req)
	req.Status = a.status
	s.requests = append(s.requests, req)
	a.write(w)
}

func (s *Realm) answer(r *http.Request, req *Request) answer {
	switch {
	case s.fail != 0:
		return answer{status: s.fail, body: "the realm is out of order"}
	case r.URL.Path == Path+"/protocol/openid-connect/auth/device":
		return s.authorizeDevice(r, req)
	case r.URL.Path == Path+"/protocol/openid-connect/token":
		return s.grant(req)
	default:
		req.Violation = "no such path"
		return refusal(http.StatusNotFound, "Unable to find matching target resource method", "")
	}
}

// HoldUp makes the next polls of devices wait, whatever the person has decided:
// first with slow_down, then with authorization_pending.
func (s *Realm) HoldUp(slowDown, pending int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slowDown, s.pending = slowDown, pending
}

// Fail makes every answer an HTTP error of this status; 0 ends that.
func (s *Realm) Fail(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = status
}

// EndSessions ends every login, as an administrator can: refresh tokens are
// refused, and access tokens too.
func (s *Realm) EndSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions)
	clear(s.spent)
	clear(s.tokens)
}

// RevokeTokens ends every access token and leaves the sessions.
func (s *Realm) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}
