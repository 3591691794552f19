// Package hubtest stands in for JupyterHub 3.0 where services meet it: its REST API
// in both generations of identifying callers, its OAuth provider with login and
// consent pages, and the proxy that leads /services/<name>/ to a service. Answers
// are those that a real hub was seen to give. Its state is real: tokens have scopes,
// end and can be revoked, a code serves once, and a page's form counts only from
// that page. Notebook servers, roles and the admin pages are missing.
//
// Call [NewServer]; [Server.ServiceEnv] is the environment that the hub would start
// a managed service with.
package hubtest

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Generation is which ways of identifying callers a hub has.
type Generation int

const (
	// Both are there in JupyterHub 2 and 3.
	Both Generation = iota
	// Modern has /user only, as JupyterHub will.
	Modern
	// Legacy has /authorizations only, as JupyterHub 0.7 had.
	Legacy
)

// Config says which hub this is. The zero value is one like JupyterHub 3.0 at "/".
type Config struct {
	Generation Generation
	// BaseURL is the path in front of everything; empty means "/".
	BaseURL string
	// RequirePKCE refuses code flows without a challenge.
	RequirePKCE bool
}

// User is a person who can log in; the password is the name again.
type User struct {
	Name   string
	Admin  bool
	Groups []string
}

// Service is a service of the hub.
type Service struct {
	Name  string
	Admin bool
	// URL is where it listens; it is then proxied at /services/<Name>/.
	URL string
	// Scopes that its own token has besides those to identify callers.
	Scopes []string
}

// Server is a running hub. It is safe for concurrent use.
type Server struct {
	// URL is the address that browsers use, without a slash at its end. Do not
	// change it.
	URL string

	config Config
	http   *httptest.Server

	mu       sync.Mutex
	users    map[string]User
	services map[string]*service
	tokens   map[string]*token
	cookies  map[string]session // value of a cookie → whose it is
	codes    map[string]code
	requests []Request
	answers  []Answer
	nextID   int
}

type service struct {
	Service

	token string
}

type session struct{ user, id string }

type token struct {
	id, kind, name string
	scopes         []string
	session        string // of the browser, for tokens of the code flow
	expiry         time.Time
}

// Request is one request to the API.
type Request struct {
	Method string
	// Path has "…" in place of tokens and cookies.
	Path string
	// Scheme is the word before the token, as it was sent.
	Scheme string
	// Form holds the names of what was posted.
	Form []string
}

// Answer is what the hub says instead of the truth.
type Answer struct {
	Status      int
	ContentType string // empty means JSON
	Body        string
}

// NewServer starts a hub on the loopback interface. It panics if it cannot listen,
// as httptest does. Close it at the end.
func NewServer(config Config) *Server {
	config.BaseURL = "/" + strings.Trim(config.BaseURL, "/")
	if config.BaseURL != "/" {
		config.BaseURL += "/"
	}
	h := &Server{
		config: config,
		users:  map[string]User{}, services: map[string]*service{}, tokens: map[string]*token{},
		cookies: map[string]session{}, codes: map[string]code{},
	}
	h.http = httptest.NewUnstartedServer(h.routes())
	h.http.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	h.http.Start()
	h.URL = h.http.URL + strings.TrimSuffix(config.BaseURL, "/")
	return h
}

// APIURL is the address of the API, as services are told.
func (h *Server) APIURL() string { return h.URL + "/hub/api" }

// Client returns a client whose connections Close closes. It keeps no cookies.
func (h *Server) Client() *http.Client { return h.http.Client() }

// Close stops the hub and closes its connections. Calling it again does nothing.
func (h *Server) Close() {
	h.http.CloseClientConnections()
	h.http.Close()
}

// AddUser lets a person log in.
func (h *Server) AddUser(u User) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.users[u.Name] = u
}

// AddService adds a service and returns its API token.
func (h *Server) AddService(s Service) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	text := newToken()
	h.services[s.Name] = &service{s, text}
	own := []string{"read:services:name!service=" + s.Name}
	h.tokens[text] = &token{id: h.id(), kind: "service", name: s.Name, scopes: append(own, s.Scopes...)}
	return text
}

// SetServiceURL says where a service listens.
func (h *Server) SetServiceURL(name, url string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.services[name].URL = url
}

// IssueToken returns a token of a user. It has the scopes to identify the user and
// those given; a life of zero means that it does not end.
func (h *Server) IssueToken(user string, life time.Duration, scopes ...string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	text, _ := h.issue(user, life, "", scopes)
	return text
}

func (h *Server) issue(user string, life time.Duration, browser string, scopes []string) (text string, t *token) {
	text = newToken()
	t = &token{id: h.id(), kind: "user", name: user, session: browser, scopes: append([]string{
		"read:users:name!user=" + user, "read:users:groups!user=" + user,
	}, scopes...)}
	if life > 0 {
		t.expiry = time.Now().Add(life)
	}
	h.tokens[text] = t
	return text, t
}

// RevokeToken ends a token at once.
func (h *Server) RevokeToken(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.tokens, text)
}

// ServicesCookie logs a user in and returns the value of the cookie that all
// services of an older hub share.
func (h *Server) ServicesCookie(user string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	value := "2|1:0|10:" + newToken() + "==|" + newToken() // as signed cookies look
	h.cookies[value] = session{user: user}
	return value
}

// Answer makes the hub say this to the next requests to its API, one each.
func (h *Server) Answer(answers ...Answer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers = append(h.answers, answers...)
}

// Requests are those that reached the API so far.
func (h *Server) Requests() []Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.requests)
}

// ServiceEnv is the environment of a managed service, as pairs.
func (h *Server) ServiceEnv(name string) map[string]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.services[name]
	prefix := h.config.BaseURL + "services/" + name + "/"
	scopes := `["access:services", "access:services!service=` + name + `"]`
	return map[string]string{
		"JUPYTERHUB_SERVICE_NAME":        name,
		"JUPYTERHUB_API_TOKEN":           s.token,
		"JUPYTERHUB_API_URL":             h.APIURL(),
		"JUPYTERHUB_BASE_URL":            h.config.BaseURL,
		"JUPYTERHUB_SERVICE_PREFIX":      prefix,
		"JUPYTERHUB_SERVICE_URL":         s.URL,
		"JUPYTERHUB_CLIENT_ID":           "service-" + name,
		"JUPYTERHUB_HOST":                "",
		"JUPYTERHUB_OAUTH_CALLBACK_URL":  prefix + "oauth_callback",
		"JUPYTERHUB_OAUTH_ACCESS_SCOPES": scopes,
		"JUPYTERHUB_OAUTH_SCOPES":        scopes,
		"JUPYTERHUB_USER":                "",
		"JUPYTERHUB_SERVER_NAME":         "",
	}
}

func (h *Server) id() string {
	h.nextID++
	return "a" + strconv.Itoa(h.nextID)
}

func newToken() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
