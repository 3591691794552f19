// Package apitest is a fake of the HTTP API of a Wallaroo instance: workspaces, pipelines,
// deployments, inference with records, GraphQL. Who may call is decided by a
// serverauth.Verifier, such as keycloaktest's realm. The fake is strict: it refuses a
// request with an unexpected or missing field, another content type or verb, and
// [API.Requests] has the reason. Its answers have the shapes that Wallaroo's documentation
// and tutorials recorded; it was not compared with a running instance. A deployment is
// Pending for as many questions as [Config] says, then Running, and fails on request.
//
// Call [NewServer] for a server on this machine, or [New] for an http.Handler.
package apitest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// Config configures an [API]. The zero value refuses every call but the configuration.
type Config struct {
	// Verifier decides who may call; nil refuses every token.
	Verifier serverauth.Verifier
	// Login serves the paths below /auth/, as Keycloak does; may be nil.
	Login http.Handler
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Pending is how many questions for a deployment's state are answered with Pending
	// before it is Running.
	Pending int
	// ExternalURL is the address of the instance in answers; empty means that of the
	// request.
	ExternalURL string
	// GraphQL answers queries with data, or with GraphQL's error validation-failed; nil
	// answers every query with the pipelines, as {"pipeline":[{"id","pipeline_id"}]}.
	GraphQL func(query string, variables map[string]any) (data any, err error)
}

// API is an instance's API as an http.Handler. It is safe for concurrent use.
type API struct {
	cfg Config

	mu          sync.Mutex
	requests    []Request
	workspaces  []*workspace
	pipelines   []*pipeline
	deployments []*deployment
	refuse      http.HandlerFunc
	broken      http.HandlerFunc
}

// New makes an API that does not listen, with one workspace: a row as an old release wrote
// it, without a time and with an e-mail address.
func New(c Config) *API {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &API{cfg: c, workspaces: []*workspace{{row: map[string]any{
		"id": 1, "name": "Default Workspace", "created_at": nil, "created_by": "admin@ex.co", "archived": nil,
	}}}}
}

// Server is an [API] that listens on the loopback interface.
type Server struct {
	*API

	// URL is the address, without a slash at its end. Do not change it.
	URL string

	http *httptest.Server
}

// NewServer starts an API on the loopback interface. It panics if it cannot listen, as
// httptest does. Close it at the end.
func NewServer(c Config) *Server {
	s := &Server{API: New(c)}
	s.http = httptest.NewServer(s.API)
	s.URL = s.http.URL
	return s
}

// Client returns a client whose connections Close closes.
func (s *Server) Client() *http.Client { return s.http.Client() }

// Close stops the server and closes its connections. Calling it again does nothing.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
}

// RefuseAs sets how calls without a valid token are answered; nil means 401 with a
// challenge, and on the path of GraphQL 200 with its error.
func (a *API) RefuseAs(answer http.HandlerFunc) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refuse = answer
}

// AnswerAs answers every call of a user who is logged in; nil ends that.
func (a *API) AnswerAs(answer http.HandlerFunc) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.broken = answer
}

// Fail makes a deployment fail; name is that of the pipeline, a hyphen and its id. It
// reports whether there is one.
func (a *API) Fail(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	d := a.deployment(name)
	if d != nil {
		d.failed = true
	}
	return d != nil
}

// answer is what a call returns.
type answer struct {
	status int
	body   any
}

func ok(body any) answer { return answer{http.StatusOK, body} }

// wrong is the answer to what a correct client does not send.
func (r *Request) wrong(why string) answer {
	r.Violation = why
	return failure(http.StatusBadRequest, why)
}

func failure(status int, why string) answer {
	return answer{status, map[string]any{"code": status, "error": why}}
}

func (a answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body) //nolint:errchkjson // a client that has gone cannot be helped
}
