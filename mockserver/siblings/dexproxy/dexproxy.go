// Package dexproxy plays the front of a Kubeflow deployment: an authenticating
// proxy in the manner of oauth2-proxy, and Dex behind it with its choice of
// connectors, its login form and its approval page. State is real: codes serve
// once, sessions end, and a login is bound to the browser that began it.
//
// [Start] listens; [Server.URL] is the address to log in at, and what a session
// gets through to is the Upstream of its [Config], gRPC included.
package dexproxy

import (
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
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
	// SignInPage answers who has no session with a page and status 403, in place
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
	// Unsecured lets everybody through.
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
	config   Config
	listener net.Listener
	http     *http.Server
	done     chan struct{}
	mux      *http.ServeMux

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

// Start listens on the loopback interface.
func Start(config Config) (*Server, error) {
	if len(config.Connectors) == 0 {
		config.Connectors = []string{"local"}
	}
	if config.Users == nil {
		config.Users = map[string]string{Username: Password}
	}
	if config.SessionLife == 0 {
		config.SessionLife = 7 * 24 * time.Hour
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends with Close
	if err != nil {
		return nil, err
	}
	s := &Server{
		config: config, listener: listener, done: make(chan struct{}), mux: http.NewServeMux(),
		pending: map[string]*login{}, codes: map[string]string{}, sessions: map[string]time.Time{},
	}
	s.routes()
	s.http = &http.Server{
		Handler: s, Protocols: new(http.Protocols), ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	s.http.Protocols.SetHTTP1(true)
	s.http.Protocols.SetUnencryptedHTTP2(true)
	go func() {
		defer close(s.done)
		_ = s.http.Serve(listener)
	}()
	return s, nil
}

// URL is the address, without a slash at its end.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Close ends everything.
func (s *Server) Close() error {
	err := s.http.Close()
	<-s.done
	return err
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
