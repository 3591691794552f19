package keycloaktest

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// session is one login. It expires if it is not refreshed in time.
type session struct {
	user string
	idle time.Time // when it expires
}

type token struct {
	user   string
	expiry time.Time
}

// grant answers the token endpoint.
func (s *Realm) grant(req *Request) answer {
	allowed := map[string][]string{
		"password":      {"grant_type", "client_id", "username", "password"},
		"refresh_token": {"grant_type", "client_id", "refresh_token"},
		"urn:ietf:params:oauth:grant-type:device_code": {"grant_type", "client_id", "device_code"},
	}
	names, known := allowed[req.Grant]
	if s.cfg.NeedsPKCE {
		names = append(names, "code_verifier")
	}
	switch {
	case req.Violation == "" && !known:
		return refusal(http.StatusBadRequest, "unsupported_grant_type", "Unsupported grant_type")
	case req.Violation != "" || !req.only(names...):
		return refusal(http.StatusBadRequest, "invalid_request", req.Violation)
	case req.ClientID != ClientID:
		return refusal(http.StatusUnauthorized, "invalid_client", "Invalid client or Invalid client credentials")
	}
	switch req.Grant {
	case "password":
		return s.byPassword(req)
	case "refresh_token":
		return s.refresh(req)
	default:
		return s.pollDevice(req)
	}
}

func (s *Realm) byPassword(req *Request) answer {
	for _, u := range s.cfg.Users {
		if u.Name == req.Username && u.Password != "" && u.Password == req.form.Get("password") {
			return s.begin(u.Name)
		}
	}
	return refusal(http.StatusUnauthorized, "invalid_grant", "Invalid user credentials")
}

// refresh replaces a refresh token and restarts the idle time.
func (s *Realm) refresh(req *Request) answer {
	old := req.form.Get("refresh_token")
	if reused := s.spent[old]; reused != nil {
		for current, owner := range s.sessions { // the token was copied: the session ends
			if owner == reused {
				delete(s.sessions, current)
			}
		}
		return refusal(http.StatusBadRequest, "invalid_grant", "Maximum allowed refresh token reuse exceeded")
	}
	login := s.sessions[old]
	if login == nil || !s.cfg.Now().Before(login.idle) {
		delete(s.sessions, old)
		return refusal(http.StatusBadRequest, "invalid_grant", "Token is not active")
	}
	delete(s.sessions, old)
	s.spent[old] = login
	return s.issue(login)
}

func (s *Realm) begin(user string) answer { return s.issue(&session{user: user}) }

// issue makes the tokens of a session and restarts its idle time.
func (s *Realm) issue(login *session) answer {
	now := s.cfg.Now()
	login.idle = now.Add(s.cfg.IdleTTL)
	access, refresh := s.sign(login.user, now), "refresh-"+rand.Text()
	s.sessions[refresh] = login
	s.tokens[access] = token{login.user, now.Add(s.cfg.TokenTTL)}
	return answer{http.StatusOK, map[string]any{
		"access_token": access, "expires_in": int(s.cfg.TokenTTL.Seconds()),
		"refresh_token": refresh, "refresh_expires_in": int(s.cfg.IdleTTL.Seconds()),
		"token_type": "Bearer", "not-before-policy": 0, "session_state": rand.Text(), "scope": "email profile",
	}}
}

// sign makes a JWT with the claims of Keycloak's; only this realm can verify it.
func (s *Realm) sign(user string, now time.Time) string {
	email := ""
	for _, u := range s.cfg.Users {
		if u.Name == user {
			email = u.Email
		}
	}
	claims, _ := json.Marshal(map[string]any{ //nolint:errchkjson // strings and numbers always marshal
		"sub": user, "email": email, "iat": now.Unix(), "exp": now.Add(s.cfg.TokenTTL).Unix(), "jti": rand.Text(),
		"azp": ClientID, "typ": "Bearer",
	})
	enc := base64.RawURLEncoding.EncodeToString
	text := enc([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc(claims)
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(text))
	return text + "." + enc(mac.Sum(nil))
}

// IssueToken makes an access token for a user, as a service that writes tokens to files
// would.
func (s *Realm) IssueToken(user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	access := s.sign(user, now)
	s.tokens[access] = token{user, now.Add(s.cfg.TokenTTL)}
	return access
}

// Verify accepts a call with a bearer token of this realm that has not expired.
func (s *Realm) Verify(_ context.Context, p serverauth.Presented) (serverauth.Identity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, known := s.tokens[p.Token]
	switch {
	case p.Scheme != "Bearer":
		return serverauth.Identity{}, errors.New("no bearer token")
	case !known || !s.cfg.Now().Before(t.expiry):
		return serverauth.Identity{}, errors.New("token is not active")
	}
	return serverauth.Identity{Subject: t.user}, nil
}

func proves(verifier, challenge string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == challenge
}
