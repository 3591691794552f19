// Package hubtest is a fake of the part of JupyterHub 3.0 that services use: its REST
// API, with both ways of identifying callers; its OAuth provider, with login and consent
// pages; and the proxy that forwards /services/<name>/ to a service. Its answers are
// those of a real hub. Tokens have scopes, expire and can be revoked, a code can be used
// once, and a form is accepted from its own page only. Notebook servers start, fail and
// stop as [Server.SetSpawn] says; a request to one that runs gets its version only. There
// are no roles and admin pages.
//
// Call [NewServer]; [Server.ServiceEnv] returns the environment that the hub would set
// for a service.
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

// Generation says which ways of identifying callers a hub has.
type Generation int

const (
	// Both is JupyterHub 2 and 3, with /user and /authorizations.
	Both Generation = iota
	// Modern has /user only, as later versions will.
	Modern
	// Legacy has /authorizations only, as JupyterHub 0.7.
	Legacy
)

// Config says which hub this is. The zero value is one like JupyterHub 3.0 at "/".
type Config struct {
	// Generation says which ways of identifying callers the hub has.
	Generation Generation
	// BaseURL is the path that all others are below; empty means "/".
	BaseURL string
	// RequirePKCE rejects authorization requests without a code challenge.
	RequirePKCE bool
	// NamedServers lets users have servers beside the default one.
	NamedServers bool
}

// User is a user who can log in; the password is the same as the name.
type User struct {
	Name   string   // also the password
	Admin  bool     // an administrator of the hub
	Groups []string // the user is a member of them
}

// Service is a service of the hub.
type Service struct {
	Name  string // must be unique
	Admin bool   // has every scope
	// URL is where it listens; the hub's proxy then forwards /services/<Name>/ to it.
	URL string
	// Scopes are those that its own token has beside the one to read its own name.
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
	users    map[string]*account
	order    []string // of the users' names
	groups   []string // those that were made by themselves, and those of users
	spawn    Spawn
	services map[string]*service
	tokens   map[string]*token
	cookies  map[string]session // by value of a cookie
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
	session        string // of the browser, for tokens of the authorization code flow
	note           string
	created        time.Time
	expiry         time.Time
}

// Request is one request to the API.
type Request struct {
	Method string // of HTTP
	// Path has "…" in place of tokens and cookies.
	Path string
	// Scheme is the word before the token, as it was sent.
	Scheme string
	// Form has the names of the parameters that were posted.
	Form []string
}

// Answer is one HTTP response of the hub's API; see [Server.Answer].
type Answer struct {
	Status      int    // of HTTP
	ContentType string // empty means JSON
	Body        string // sent as it is
	// Header has further fields; may be nil.
	Header map[string]string
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
		users:  map[string]*account{}, services: map[string]*service{}, tokens: map[string]*token{},
		cookies: map[string]session{}, codes: map[string]code{},
	}
	h.http = httptest.NewUnstartedServer(h.routes())
	h.http.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	h.http.Start()
	h.URL = h.http.URL + strings.TrimSuffix(config.BaseURL, "/")
	return h
}

// APIURL returns the address of the API for services.
func (h *Server) APIURL() string { return h.URL + "/hub/api" }

// Client returns a client whose connections Close closes. It keeps no cookies.
func (h *Server) Client() *http.Client { return h.http.Client() }

// Close stops the hub and closes its connections. Calling it again does nothing.
func (h *Server) Close() {
	h.http.CloseClientConnections()
	h.http.Close()
}

// AddUser adds a user who can log in.
func (h *Server) AddUser(u User) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.addUser(u)
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

// SetServiceURL sets the address at which a service listens.
func (h *Server) SetServiceURL(name, url string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.services[name].URL = url
}

// IssueToken returns a token of a user. It has the scopes to identify the user and
// those given; a life of zero means that it does not expire.
func (h *Server) IssueToken(user string, life time.Duration, scopes ...string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	text, _ := h.issue(user, life, "", scopes)
	return text
}

func (h *Server) issue(user string, life time.Duration, browser string, scopes []string) (text string, t *token) {
	text = newToken()
	t = &token{id: h.id(), kind: "user", name: user, session: browser, created: time.Now(), scopes: append([]string{
		"read:users:name!user=" + user, "read:users:groups!user=" + user,
	}, scopes...)}
	if life > 0 {
		t.expiry = time.Now().Add(life)
	}
	h.tokens[text] = t
	return text, t
}

// RevokeToken revokes a token.
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
	value := "2|1:0|10:" + newToken() + "==|" + newToken() // in the form of signed cookies
	h.cookies[value] = session{user: user}
	return value
}

// Answer answers the next requests to the API with these answers, one each.
func (h *Server) Answer(answers ...Answer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers = append(h.answers, answers...)
}

// Requests returns the requests to the API so far, oldest first.
func (h *Server) Requests() []Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.requests)
}

// ServiceEnv returns the environment of a managed service, by name of the variable.
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
