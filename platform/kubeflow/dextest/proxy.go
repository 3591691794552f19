package dextest

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// serve records a request and passes it on. gRPC calls are passed on unchecked: the gRPC
// server checks the session itself, see [Server.checkSession].
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") && s.grpc != nil {
		s.grpc.ServeHTTP(w, r)
		return
	}
	s.record(r)
	if s.config.Status != 0 {
		http.Error(w, http.StatusText(s.config.Status), s.config.Status)
		return
	}
	s.mux.ServeHTTP(w, r)
}

func (s *Server) record(r *http.Request) {
	req := Request{Method: r.Method, Path: r.URL.Path}
	for _, c := range r.Cookies() {
		req.Cookies = append(req.Cookies, c.Name)
	}
	if r.Method == http.MethodPost && r.ParseForm() == nil {
		for name := range r.PostForm {
			req.Form = append(req.Form, name)
		}
		slices.Sort(req.Form)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, req)
}

func (s *Server) routes() {
	s.mux.HandleFunc("GET /oauth2/start", s.start)
	s.mux.HandleFunc("GET /oauth2/callback", s.callback)
	s.mux.HandleFunc("GET /oauth2/auth", s.auth)
	s.dexRoutes()
	s.mux.HandleFunc("/", s.front)
}

// front serves every path of the deployment itself.
func (s *Server) front(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.config.Unsecured || s.knows(r.Cookies()):
		s.renew(w, r.Cookies())
		if s.config.Upstream != nil {
			r.Header.Del(userHeader) // it is the deployment that says who calls
			if user := s.userOf(r.Cookies()); user != "" {
				r.Header.Set(userHeader, user)
			}
			s.config.Upstream.ServeHTTP(w, r)
			return
		}
		_, _ = w.Write([]byte("Kubeflow"))
	case strings.Contains(r.Header.Get("Accept"), "application/json"):
		http.Error(w, "{}", http.StatusUnauthorized)
	case s.config.SignInPage:
		page(w, http.StatusForbidden, signInPage, r.URL.Path)
	default:
		s.toDex(w, r, r.URL.Path)
	}
}

// auth answers other servers whether a session is valid: with 202 or 401.
func (s *Server) auth(w http.ResponseWriter, r *http.Request) {
	if s.knows(r.Cookies()) {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	http.Error(w, "Unauthorized", http.StatusUnauthorized)
}

func (s *Server) start(w http.ResponseWriter, r *http.Request) {
	rd := r.URL.Query().Get("rd")
	if !strings.HasPrefix(rd, "/") || strings.HasPrefix(rd, "//") {
		http.Error(w, "rd must be a path of this host", http.StatusBadRequest)
		return
	}
	s.toDex(w, r, rd)
}

// toDex starts a login, which only the same browser can finish.
func (s *Server) toDex(w http.ResponseWriter, r *http.Request, rd string) {
	nonce := rand.Text()
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // it serves http only
		Name: CSRFCookie, Value: nonce, Path: "/", MaxAge: 900, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, "/dex/auth?"+url.Values{
		"client_id": {clientID}, "redirect_uri": {s.callbackURL()}, "response_type": {"code"},
		"scope": {"openid profile email groups"}, "state": {nonce + ":" + rd},
	}.Encode(), http.StatusFound)
}

// userHeader is how Kubeflow's deployment tells its parts who calls.
const userHeader = "Kubeflow-Userid"

const clientID = "kubeflow-oidc-authservice"

func (s *Server) callbackURL() string { return s.URL + "/oauth2/callback" }

func (s *Server) callback(w http.ResponseWriter, r *http.Request) {
	nonce, rd, _ := strings.Cut(r.URL.Query().Get("state"), ":")
	csrf, err := r.Cookie(CSRFCookie)
	if err != nil || nonce == "" || csrf.Value != nonce {
		http.Error(w, "Login Failed: Unable to find a valid CSRF token. Please try again.", http.StatusForbidden)
		return
	}
	code := r.URL.Query().Get("code")
	s.mu.Lock()
	user, ok := s.codes[code]
	delete(s.codes, code)
	s.mu.Unlock()
	if !ok {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: CSRFCookie, Path: "/", MaxAge: -1}) //nolint:gosec // it serves http only
	s.logIn(w, user)
	http.Redirect(w, r, rd, http.StatusFound) //nolint:gosec // checked when it came
}

// checkSession returns options that close a gRPC server with [Server.verify].
func (s *Server) checkSession() []grpc.ServerOption {
	v := serverauth.VerifierFunc(s.verify)
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(serverauth.Unary(v)),
		grpc.ChainStreamInterceptor(serverauth.Stream(v)),
	}
}

// verify accepts calls with a session cookie of this proxy and without an authorization
// header, as the proxy's clients send them.
func (s *Server) verify(_ context.Context, p serverauth.Presented) (serverauth.Identity, error) {
	switch {
	case len(p.Metadata["authorization"]) > 0:
		return serverauth.Identity{}, status.Error(codes.InvalidArgument, "an authorization header beside the session")
	case len(p.Metadata["cookie"]) != 1:
		return serverauth.Identity{}, status.Errorf(codes.Unauthenticated, "%d cookie headers, want 1", len(p.Metadata["cookie"]))
	case !s.config.Unsecured && !s.knows(p.Cookies):
		return serverauth.Identity{}, status.Error(codes.Unauthenticated, "the session has expired")
	}
	return serverauth.Identity{Subject: Username}, nil
}
