// Package dextest is a fake of the login of a Kubeflow deployment: an authenticating
// proxy in the manner of oauth2-proxy 7.6, and behind it Dex 2.45 (2.13 with OldDex)
// with its choice of connectors, its login form and its approval page. A code can be
// used once, sessions expire, and a login is bound to the browser that started it.
// There is no id_token, and no API of Dex besides these pages.
//
// Call [NewServer] and log in at [Server].URL. The gRPC server that the [Config] makes gets
// the calls, and its Upstream the other requests with a session.
package dextest

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
)

// Names and passwords of Kubeflow's manifests.
const (
	SessionCookie = "oauth2_proxy_kubeflow"
	CSRFCookie    = "oauth2_proxy_kubeflow_csrf"
	// Username and Password are those of the default user.
	Username = "user@example.com"
	Password = "12341234"
)

// Config says which kind of deployment this is. With the zero value the proxy redirects
// to a current Dex with static passwords and no approval page.
type Config struct {
	// SignInPage answers a browser without a session with a page and status 403, in place
	// of a redirect to the login.
	SignInPage bool
	// Connectors are Dex's; if there are several, Dex shows a choice. Empty means
	// "local".
	Connectors []string
	// Approval makes Dex show its approval page.
	Approval bool
	// Interlude adds, after the form, a page that a program cannot answer.
	Interlude bool
	// OldDex makes Dex a version before 2.29, whose form has another path, and which answers a
	// wrong password with status 200.
	OldDex bool
	// Unsecured accepts every caller.
	Unsecured bool
	// Status makes the proxy answer every request with this HTTP status; zero means its
	// usual answers.
	Status int
	// Users by name, with their passwords; nil means the default user.
	Users map[string]string
	// SessionLife is how long a session lasts; zero means a week.
	SessionLife time.Duration
	// GRPC makes the gRPC server behind the proxy. [NewServer] calls it once, with options
	// that make the server accept only calls with a session cookie of this proxy and
	// without an authorization header; [Server.Close] stops it. Nil means that there is no
	// gRPC server, and calls are treated as other requests.
	GRPC func(checkSession ...grpc.ServerOption) *grpc.Server
	// Upstream serves the other requests that the proxy accepts, with a header
	// kubeflow-userid that names the user of the session; nil answers with status 200.
	Upstream http.Handler
}

// Server is the proxy and Dex on one address, http only. It is safe for
// concurrent use.
type Server struct {
	// URL is the address, without a slash at its end. Do not change it.
	URL string

	config Config
	http   *httptest.Server
	grpc   *grpc.Server // nil without Config.GRPC
	mux    *http.ServeMux

	mu       sync.Mutex
	pending  map[string]*login  // logins at Dex, by request id
	codes    map[string]string  // code → user
	sessions map[string]session // by the value of the cookie
	logins   int
	renewals int
	requests []Request
}

// login is one login in progress at Dex.
type login struct {
	redirectURI, state string
	user               string // once the password was right
}

// Request is one request that arrived.
type Request struct {
	Method, Path string   // of HTTP
	Cookies      []string // their names
	Form         []string // names of the parameters of a form
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
		pending: map[string]*login{}, codes: map[string]string{}, sessions: map[string]session{},
	}
	s.routes()
	if config.GRPC != nil {
		s.grpc = config.GRPC(s.checkSession()...)
	}
	s.http = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.http.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.http.Config.Protocols = new(http.Protocols)
	s.http.Config.Protocols.SetHTTP1(true)
	s.http.Config.Protocols.SetUnencryptedHTTP2(true)
	s.URL = "http://" + s.http.Listener.Addr().String() // before a request of another process reads it
	s.http.Start()
	return s
}

// Client returns a client whose connections Close closes. It keeps no cookies.
func (s *Server) Client() *http.Client { return s.http.Client() }

// Close stops the proxy, Dex and the gRPC server, and closes their connections. Calling it
// again does nothing.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
	if s.grpc != nil {
		s.grpc.Stop()
	}
}

// Logins returns how many sessions were opened.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// Renewals returns how many sessions were renewed; see [Server.RenewSessions].
func (s *Server) Renewals() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.renewals
}

// Requests returns the requests so far, without gRPC calls, oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}
