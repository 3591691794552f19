package nubladotest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
)

// TokenRequest is one request to create a token. It contains no secret.
type TokenRequest struct {
	// Username, TokenType and TokenName are those of the request.
	Username, TokenType, TokenName string
	// Scopes are the scopes that the request asked for.
	Scopes []string
	// Expires is the expiry that the request asked for; nil for a token that does not expire.
	Expires *time.Time
	// Admin is the user of the token that authorized the request; empty if it was
	// missing or not valid.
	Admin string
	// Status is the HTTP status of the answer.
	Status int
}

// Requests returns the requests so far, oldest first.
func (s *Gafaelfawr) Requests() []TokenRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// body has all fields of the API.
type body struct {
	Username  string     `json:"username"`
	TokenType string     `json:"token_type"`
	TokenName *string    `json:"token_name"`
	Scopes    []string   `json:"scopes"`
	Expires   *time.Time `json:"expires"`
	Name      *string    `json:"name"`
	Email     *string    `json:"email"`
	UID       *int       `json:"uid"`
	GID       *int       `json:"gid"`
	Groups    []struct {
		Name string `json:"name"`
		ID   int    `json:"id"`
	} `json:"groups"`
}

const maxBody = 64 << 10

// ServeHTTP creates tokens.
func (s *Gafaelfawr) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	req := &TokenRequest{}
	s.answer(w, r, req)
	s.requests = append(s.requests, *req)
}

func (s *Gafaelfawr) answer(w http.ResponseWriter, r *http.Request, req *TokenRequest) {
	refuse := func(status int, kind, message string) {
		req.Status = status
		detail := any([]map[string]string{{"type": kind, "msg": message}})
		if kind == "no_authorization" {
			detail = map[string]string{"type": kind, "msg": message} // the only detail that is not a list
		}
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Bearer realm="data.example.org"`)
		}
		respond(w, status, map[string]any{"detail": detail})
	}
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	admin, ok := s.live(text)
	if ok {
		req.Admin = admin.user
	}
	var b body
	content, _ := io.ReadAll(io.LimitReader(r.Body, maxBody))
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.DisallowUnknownFields()
	broken := dec.Decode(&b)
	req.Username, req.TokenType, req.Scopes, req.Expires = b.Username, b.TokenType, b.Scopes, b.Expires
	if b.TokenName != nil {
		req.TokenName = *b.TokenName
	}
	switch {
	case s.fail != nil:
		maps.Copy(w.Header(), s.fail.header)
		req.Status = s.fail.status
		w.WriteHeader(s.fail.status)
		_, _ = io.WriteString(w, s.fail.body) // a client that has gone cannot be helped
	case r.URL.Path != "/auth/api/v1/tokens" || r.Method != http.MethodPost:
		refuse(http.StatusNotFound, "not_found", "no such route")
	case r.Header.Get("Authorization") == "":
		refuse(http.StatusUnauthorized, "no_authorization", "Authentication required")
	case scheme != "Bearer" || !ok:
		refuse(http.StatusUnauthorized, "invalid_token", "Token is not valid")
	case !slices.Contains(admin.scopes, "admin:token"):
		refuse(http.StatusForbidden, "permission_denied", "Token does not have required scope admin:token")
	case media != "application/json" || broken != nil:
		refuse(http.StatusUnprocessableEntity, "json_invalid", fmt.Sprintf("cannot read the body: %v", broken))
	default:
		s.make(w, req, b, refuse)
	}
}

// make checks the request in the order of the real one, and creates the token.
func (s *Gafaelfawr) make(w http.ResponseWriter, req *TokenRequest, b body, refuse func(int, string, string)) {
	switch {
	case b.TokenType != "service" && b.TokenType != "user":
		refuse(http.StatusUnprocessableEntity, "enum", "Input should be 'service' or 'user'")
		return
	case b.TokenType == "service" && !strings.HasPrefix(b.Username, "bot-"):
		refuse(http.StatusForbidden, "permission_denied", fmt.Sprintf("Username %q must start with \"bot-\"", b.Username))
		return
	case (b.TokenType == "user") != (b.TokenName != nil):
		refuse(http.StatusUnprocessableEntity, "value_error", "token_name is for user tokens")
		return
	case b.Expires != nil && b.Expires.Before(s.now().Add(5*time.Minute)):
		refuse(http.StatusUnprocessableEntity, "invalid_expires", "Token must be valid for at least five minutes")
		return
	}
	for _, scope := range b.Scopes {
		if !slices.Contains(s.scopes, scope) {
			refuse(http.StatusUnprocessableEntity, "invalid_scopes", "Unknown scopes requested")
			return
		}
	}
	expiry := time.Time{}
	if b.Expires != nil {
		expiry = *b.Expires
	}
	text := s.add(b.Username, expiry, b.Scopes)
	key, _, _ := strings.Cut(strings.TrimPrefix(text, "gt-"), ".")
	w.Header().Set("Location", "/auth/api/v1/users/"+b.Username+"/tokens/"+key)
	req.Status = s.success
	respond(w, s.success, map[string]string{"token": text})
}

func respond(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) //nolint:errchkjson // a client that has gone cannot be helped
}
