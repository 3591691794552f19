package authserver

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// ConfigError is an invalid field of an [oauth.Config] or [oauth.Client].
type ConfigError struct {
	Field  string // what was wrong
	Reason string // what would be right
	Err    error  // the cause, may be nil
}

func (e *ConfigError) Error() string {
	text := "oauth: " + e.Field + ": " + e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *ConfigError) Unwrap() error { return e.Err }

// Errors of [Server.Verify].
var (
	ErrMalformed = errors.New("malformed token")
	ErrUnknown   = errors.New("unknown token")
	ErrExpired   = errors.New("expired token")
	ErrRevoked   = errors.New("revoked token")
	ErrAudience  = errors.New("token is for another audience")
)

// TokenError says why a token was not accepted. Its text names the token by ID only.
type TokenError struct {
	ID  string // see [oauth.TokenID]
	Err error  // one of the sentinels of this package
}

func (e *TokenError) Error() string { return "oauth: token " + e.ID + ": " + e.Err.Error() }

// Unwrap returns the sentinel.
func (e *TokenError) Unwrap() error { return e.Err }

// Error codes of RFC 6749 sections 4.1.2.1 and 5.2, RFC 8707 section 2, OpenID
// Connect Core section 3.1.2.6, and RFC 8628 section 3.5.
const (
	codeInvalidRequest       = "invalid_request"
	codeInvalidClient        = "invalid_client"
	codeInvalidGrant         = "invalid_grant"
	codeInvalidScope         = "invalid_scope"
	codeInvalidTarget        = "invalid_target"
	codeUnauthorizedClient   = "unauthorized_client"
	codeUnsupportedGrantType = "unsupported_grant_type"
	codeServerError          = "server_error"

	codeAccessDenied            = "access_denied"
	codeUnsupportedResponseType = "unsupported_response_type"
	codeLoginRequired           = "login_required"
	codeConsentRequired         = "consent_required"

	codeAuthorizationPending = "authorization_pending"
	codeSlowDown             = "slow_down"
	codeExpiredToken         = "expired_token"
)

// protocolError is an error answer. Descriptions repeat no part of the request, which may
// hold a secret.
type protocolError struct {
	status      int // 0 means 400
	code        string
	description string
	basic       bool // challenge with WWW-Authenticate: Basic
}

func (e *protocolError) Error() string { return e.code + ": " + e.description }

func refuse(code, description string) *protocolError {
	return &protocolError{code: code, description: description}
}

func (e *protocolError) write(w http.ResponseWriter) {
	status := e.status
	if status == 0 {
		status = http.StatusBadRequest
	}
	if e.basic {
		w.Header().Set("WWW-Authenticate", `Basic realm="oauth", charset="UTF-8"`)
	}
	writeJSON(w, status, map[string]any{"error": e.code, "error_description": e.description})
}

// writeJSON answers with v. No answer may be cached, as RFC 6749 section 5.1 requires of
// those with tokens.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "encoding failed", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", jsonType)
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only when the client has gone
}
