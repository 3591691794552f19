// Package dextest stands in for the front of a Kubeflow deployment: an
// authenticating proxy in the manner of oauth2-proxy 7.6, and behind it Dex 2.45
// (2.13 with OldDex) with its choice of connectors, its login form and its approval
// page. Its state is real: codes serve once, sessions end, and a login is bound to
// the browser that began it. There is no id_token, and no API of Dex besides these
// pages.
//
// Call [NewServer] and log in at [Server].URL; what a session gets through to is the
// Upstream of its [Config], gRPC included.
package dextest

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"
)

// What Kubeflow's manifests have.
const (
	SessionCookie = "oauth2_proxy_kubeflow"
	CSRFCookie    = "oauth2_proxy_kubeflow_csrf"
	// Username and Password are the user that there is by default.
	Username = "user@example.com"
	Password = "12341234"
)

// Config says which of the deployments in the field this is. The zero value
// redirects to a current Dex with static passwords and no approval page.
type Config struct {
	// SignInPage answers a browser without a session with a page and status 403, in place
	// of a redirect to the login.
	SignInPage bool
	// Connectors are Dex's; more than one make it ask which. Empty means "local".
	Connectors []string
	// Approval makes Dex ask whether the proxy may know the user.
	Approval bool
	// Interlude puts a page behind the form that only a person can answer.
	Interlude bool
	// OldDex is one before 2.29: its form has another path, and answers a wrong
	// password with status 200.
	OldDex bool
	// Unsecured lets every caller through.
	Unsecured bool
	// Status is what the proxy answers instead of anything else; zero for none.
	Status int
	// Users by name, with their passwords; nil means the default user.
	Users map[string]string
	// SessionLife is how long a session lasts; zero means a week.
	SessionLife time.Duration
	// Upstream serves what gets through; nil answers 200 with a few words.
	Upstream http.Handler
}

// Server is the proxy and Dex on one address, http only. It is safe for
// concurrent use.
type Server struct {
	// URL is the address, without a slash at its end. Do not change it.
	URL string

	config Config
	http   *httptest.Server
	mux    *http.ServeMux

	mu       sync.Mutex
	pending  map[string]*login    // logins at Dex, by request id
	codes    map[string]string    // code → user
	sessions map[string]time.Time // session → its end
	logins   int
	requests []Request
}

// login is one login under way at Dex.
type login struct {
	redirectURI, state string
	user               string // once the password was right
}

// Request is one request that arrived.
type Request struct {
	Method, Path string
	Cookies      []string // their names
	Form         []string // names of what a form sent
}

// NewServer starts a proxy and Dex on the loopback interface. It panics if it cannot
// listen, as httptest does. Close it at the end.
func NewServer(config Config) *Server {
	if len(config.Connectors) == 0 {
		config.Connectors = []string{"local"}
	}
	if config.Users == nil {
		config.Users = map[string]string{Username: Password}
	}
	if config.SessionLife == 0 {
		config.SessionLife = 7 * 24 * time.Hour
	}
	s := &Server{
		config: config, mux: http.NewServeMux(),
		pending: map[string]*login{}, codes: map[string]string{}, sessions: map[string]time.Time{},
	}
	s.routes()
	s.http = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.http.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.http.Config.Protocols = new(http.Protocols)
	s.http.Config.Protocols.SetHTTP1(true)
	s.http.Config.Protocols.SetUnencryptedHTTP2(true)
	s.http.Start()
	s.URL = s.http.URL
	return s
}

// Client returns a client whose connections Close closes. It keeps no cookies.
func (s *Server) Client() *http.Client { return s.http.Client() }

// Close stops the proxy and Dex and closes their connections. Calling it again does
// nothing.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
}

// Logins is how many sessions were opened.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// Requests are those that arrived, but gRPC calls.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ExpireSessions ends all sessions.
func (s *Server) ExpireSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions)
}

// open opens a session.
func (s *Server) open() string {
	id := "session-" + rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[id] = time.Now().Add(s.config.SessionLife)
	s.logins++
	return id
}

// knows tells whether one of the cookies is a session that has not ended.
func (s *Server) knows(cookies []*http.Cookie) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range cookies {
		if end, ok := s.sessions[c.Value]; ok && c.Name == SessionCookie && time.Now().Before(end) {
			return true
		}
	}
	return false
}
