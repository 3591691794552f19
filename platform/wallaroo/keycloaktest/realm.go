package keycloaktest

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"
)

// ClientID is the only client of the realm; it has no secret.
const ClientID = "sdk-client"

// Path is the realm's path; its endpoints are below it.
const Path = "/auth/realms/master"

// User is a person who can log in.
type User struct {
	Name, Password string // a user with an empty password cannot log in with it
	Email          string // goes into the token
}

// Config configures a [Realm]. The zero value has no user who could log in.
type Config struct {
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Users can log in.
	Users []User
	// TokenTTL is the lifetime of access tokens; zero means a minute.
	TokenTTL time.Duration
	// IdleTTL is how long a session lasts without a refresh; zero means an hour.
	IdleTTL time.Duration
	// DeviceTTL is the lifetime of device codes; zero means ten minutes.
	DeviceTTL time.Duration
	// Interval is the time between polls; zero means five seconds.
	Interval time.Duration
	// AutoApprove is the name of a user as whom every device code is approved at once;
	// empty means none.
	AutoApprove string
	// NeedsPKCE rejects device requests without a code challenge, as newer realms may.
	NeedsPKCE bool
}

// Realm is Keycloak's realm "master" as an http.Handler, and the serverauth.Verifier
// for its own tokens. It is safe for concurrent use.
type Realm struct {
	cfg Config
	key []byte // signs tokens

	mu       sync.Mutex
	requests []Request
	devices  map[string]*device  // by device code
	sessions map[string]*session // by current refresh token
	spent    map[string]*session // by replaced refresh token
	tokens   map[string]token    // by access token
	pending  int                 // polls to answer with authorization_pending
	slowDown int
	fail     int // status of every answer; 0 for none
}

// NewRealm makes a Realm that does not listen, for a login without a socket, such as
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

// ServeHTTP serves the two endpoints.
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

// HoldUp answers the next polls of devices with slow_down, slowDown times, and then
// with authorization_pending, pending times, whatever the user has decided.
func (s *Realm) HoldUp(slowDown, pending int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slowDown, s.pending = slowDown, pending
}

// Fail answers every request with this HTTP status; 0 ends that.
func (s *Realm) Fail(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = status
}

// EndSessions ends every session, as an administrator can: refresh tokens and access
// tokens are rejected.
func (s *Realm) EndSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions)
	clear(s.spent)
	clear(s.tokens)
}

// RevokeTokens revokes every access token and leaves the sessions.
func (s *Realm) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}
