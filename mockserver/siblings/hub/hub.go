// Package hub plays a JupyterHub, as far as services see it: its REST API in both
// generations of identifying callers, its tokens with scopes, ends and
// revocation, its OAuth provider with login and consent pages, and the proxy that
// leads /services/<name>/ to a service. What it answers is what JupyterHub 3.0 was
// seen to answer.
//
// [Start] listens; [Hub.ServiceEnv] is the environment that the hub would start a
// managed service with.
package hub

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net"
	"net/http"
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

// User is somebody who can log in, with any user name as password.
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

// Hub is a running hub. It is safe for concurrent use.
type Hub struct {
	config   Config
	listener net.Listener
	http     *http.Server
	done     chan struct{}

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

// Start listens on the loopback interface.
func Start(config Config) (*Hub, error) {
	config.BaseURL = "/" + strings.Trim(config.BaseURL, "/")
	if config.BaseURL != "/" {
		config.BaseURL += "/"
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends with Close
	if err != nil {
		return nil, err
	}
	h := &Hub{
		config: config, listener: listener, done: make(chan struct{}),
		users: map[string]User{}, services: map[string]*service{}, tokens: map[string]*token{},
		cookies: map[string]session{}, codes: map[string]code{},
	}
	h.http = &http.Server{
		Handler: h.routes(), ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	go func() {
		defer close(h.done)
		_ = h.http.Serve(listener)
	}()
	return h, nil
}

// URL is the address that browsers use, without a slash at its end.
func (h *Hub) URL() string {
	return "http://" + h.listener.Addr().String() + strings.TrimSuffix(h.config.BaseURL, "/")
}

// APIURL is the address of the API, as services are told.
func (h *Hub) APIURL() string { return h.URL() + "/hub/api" }

// Close stops the hub.
func (h *Hub) Close() error {
	err := h.http.Close()
	<-h.done
	return err
}

// AddUser lets somebody log in.
func (h *Hub) AddUser(u User) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.users[u.Name] = u
}

// AddService adds a service and returns its API token.
func (h *Hub) AddService(s Service) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	text := newToken()
	h.services[s.Name] = &service{s, text}
	own := []string{"read:services:name!service=" + s.Name}
	h.tokens[text] = &token{id: h.id(), kind: "service", name: s.Name, scopes: append(own, s.Scopes...)}
	return text
}

// SetServiceURL says where a service listens.
func (h *Hub) SetServiceURL(name, url string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.services[name].URL = url
}

// IssueToken returns a token of a user. It has the scopes to identify the user and
// those given; a life of zero means for ever.
func (h *Hub) IssueToken(user string, life time.Duration, scopes ...string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	text, _ := h.issue(user, life, "", scopes)
	return text
}

func (h *Hub) issue(user string, life time.Duration, browser string, scopes []string) (text string, t *token) {
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

// Revoke ends a token at once.
func (h *Hub) Revoke(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.tokens, text)
}

// ServicesCookie logs a user in and returns the value of the cookie that all
// services of an older hub share.
func (h *Hub) ServicesCookie(user string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	value := "2|1:0|10:" + newToken() + "==|" + newToken() // as signed cookies look
	h.cookies[value] = session{user: user}
	return value
}

// Answer makes the hub say this to the next requests to its API, one each.
func (h *Hub) Answer(answers ...Answer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers = append(h.answers, answers...)
}

// Requests are those that reached the API so far.
func (h *Hub) Requests() []Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.requests)
}

// ServiceEnv is the environment of a managed service, as pairs.
func (h *Hub) ServiceEnv(name string) map[string]string {
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

func (h *Hub) id() string {
	h.nextID++
	return "a" + strconv.Itoa(h.nextID)
}

func newToken() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
