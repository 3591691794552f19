package authserver

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// authenticate returns the client that sent a request (RFC 6749 section 2.3). A request
// may use one method only, and it must be one of the client's.
func (s *Server) authenticate(r *http.Request, f form) (oauth.Client, *protocolError) {
	if f.has("client_assertion") || f.has("client_assertion_type") {
		return s.onlyAssertion(r, f)
	}
	id, secret, method, perr := presented(r, f)
	if perr != nil {
		return oauth.Client{}, perr
	}
	failed := &protocolError{
		status: http.StatusUnauthorized, code: codeInvalidClient,
		description: "client authentication failed", basic: method == oauth.AuthBasic,
	}
	client, known := s.clients.get(id)
	if !known {
		return oauth.Client{}, failed
	}
	if !slices.Contains(client.AuthMethods, method) {
		failed.description = "this client may authenticate by " + strings.Join(client.AuthMethods, ", ") + ", not by " + method
		return oauth.Client{}, failed
	}
	if method != oauth.AuthNone && !sameSecret(client.Secret, secret) {
		return oauth.Client{}, failed
	}
	return client, nil
}

func (s *Server) onlyAssertion(r *http.Request, f form) (oauth.Client, *protocolError) {
	if len(r.Header.Values("Authorization")) > 0 || f.has("client_secret") {
		return oauth.Client{}, refuse(codeInvalidRequest, "credentials beside the client assertion")
	}
	client, perr := s.byAssertion(r, f)
	if perr == nil && !slices.Contains(client.AuthMethods, oauth.AuthPrivateKeyJWT) {
		return oauth.Client{}, &protocolError{
			status: http.StatusUnauthorized, code: codeInvalidClient,
			description: "this client may authenticate by " + strings.Join(client.AuthMethods, ", "),
		}
	}
	return client, perr
}

// presented reads the client credentials of a request; they are not checked yet.
func presented(r *http.Request, f form) (id, secret, method string, perr *protocolError) {
	headers := r.Header.Values("Authorization")
	switch {
	case len(headers) > 1:
		return "", "", "", refuse(codeInvalidRequest, "more than one Authorization header")
	case len(headers) == 1 && f.has("client_secret"):
		return "", "", "", refuse(codeInvalidRequest, "credentials both in the Authorization header and in the form")
	case len(headers) == 1:
		id, secret, ok := parseBasic(headers[0])
		if !ok {
			return "", "", "", &protocolError{
				status: http.StatusUnauthorized, code: codeInvalidClient, basic: true,
				description: "the Authorization header is not Basic with form-encoded id and secret (RFC 6749 section 2.3.1)",
			}
		}
		if f.has("client_id") && f.get("client_id") != id {
			return "", "", "", refuse(codeInvalidRequest, "client_id differs from the one in the Authorization header")
		}
		return id, secret, oauth.AuthBasic, nil
	case !f.has("client_id"):
		return "", "", "", &protocolError{
			status: http.StatusUnauthorized, code: codeInvalidClient, basic: true,
			description: "no client authentication and no client_id",
		}
	case f.has("client_secret"):
		return f.get("client_id"), f.get("client_secret"), oauth.AuthPost, nil
	default:
		return f.get("client_id"), "", oauth.AuthNone, nil
	}
}

// parseBasic decodes Basic credentials: clients form-encode ID and secret before they
// join them (RFC 6749 section 2.3.1).
func parseBasic(header string) (id, secret string, ok bool) {
	scheme, encoded, found := strings.Cut(header, " ")
	if !found || !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimLeft(encoded, " "))
	if err != nil {
		return "", "", false
	}
	user, password, found := strings.Cut(string(raw), ":")
	if !found {
		return "", "", false
	}
	id, err = url.QueryUnescape(user)
	if err != nil {
		return "", "", false
	}
	secret, err = url.QueryUnescape(password)
	if err != nil {
		return "", "", false
	}
	return id, secret, id != ""
}

func sameSecret(want, got string) bool {
	// Hashed first, so that the duration does not reveal the length either.
	a, b := sha256.Sum256([]byte(want)), sha256.Sum256([]byte(got))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
