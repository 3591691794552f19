package authserver

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/signed"
)

// TokenInfo is the content of an accepted access token.
type TokenInfo struct {
	ID               string // see [oauth.TokenID]
	Subject          string
	ClientID         string
	Scopes, Audience []string
	Expiry           time.Time
	Claims           map[string]any // extra claims given to [Server.IssueToken]
}

// Verify checks an access token now, for audience unless that is empty. The error is a
// [*TokenError] around [ErrMalformed], [ErrUnknown], [ErrRevoked], [ErrExpired] or
// [ErrAudience].
func (s *Server) Verify(token, audience string) (TokenInfo, error) {
	d := digestOf(token)
	id := d.tokenID()
	fail := func(err error) (TokenInfo, error) { return TokenInfo{}, &TokenError{ID: id, Err: err} }

	if token == "" || len(token) > signed.MaxToken {
		return fail(ErrMalformed)
	}
	// A token in the registry is, byte for byte, one that was signed here.
	r, ok := s.tokens.find(d)
	switch {
	case !ok && strings.Contains(token, ".") && !s.key.Signed(token):
		return fail(ErrMalformed)
	case !ok:
		return fail(ErrUnknown)
	case r.revoked:
		return fail(ErrRevoked)
	case !s.cfg.Now().Before(r.expiry):
		return fail(ErrExpired)
	case audience != "" && !slices.Contains(r.audience, audience):
		return fail(ErrAudience)
	}
	return TokenInfo{
		ID: id, Subject: r.subject, ClientID: r.client,
		Scopes: slices.Clone(r.scopes), Audience: slices.Clone(r.audience),
		Expiry: r.expiry, Claims: maps.Clone(r.claims),
	}, nil
}

// Issued reports whether token was ever issued here as an access or refresh token, a
// code, a device code or a session, and so is a secret.
func (s *Server) Issued(token string) bool {
	if s.tokens.known(token) || s.visits.known(token) {
		return true
	}
	if _, code := s.codes.find(token); code {
		return true
	}
	return s.devices.known(token)
}
