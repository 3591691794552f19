package authserver

import (
	"slices"
	"strings"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// authRequest is a valid authorization request.
type authRequest struct {
	client    oauth.Client
	redirect  string // empty while it is not known to be one of the client's
	state     string
	scopes    []string
	audience  []string
	challenge string
	prompt    []string
}

// readAuthorization reads the parameters of an authorization request (RFC 6749
// section 4.1.1, RFC 7636 section 4.3, RFC 8707 section 2.1). If the request returned
// with an error has a redirect URI, the error may be sent there.
func (s *Server) readAuthorization(parameters string) (authRequest, *protocolError) {
	var req authRequest
	if len(parameters) > maxForm {
		return req, refuse(codeInvalidRequest, "the request is over 64 KiB")
	}
	f, perr := parseForm(parameters)
	if perr != nil {
		return req, perr
	}
	client, known := s.clients.get(f.get("client_id"))
	switch {
	case !known:
		return req, refuse(codeInvalidRequest, "client_id is missing or names no client")
	case !f.has("redirect_uri"):
		return req, refuse(codeInvalidRequest, "redirect_uri is missing")
	case !redirectAllowed(client.RedirectURIs, f.get("redirect_uri")):
		return req, refuse(codeInvalidRequest, "redirect_uri is not one of the client's; only the port of a loopback address may differ")
	}
	req.client, req.redirect, req.state = client, f.get("redirect_uri"), f.get("state")
	if perr := req.read(f); perr != nil {
		return req, perr
	}
	if req.scopes, perr = s.clientScopes(client, f); perr != nil {
		return req, perr
	}
	if len(f["audience"]) > 1 {
		return req, refuse(codeInvalidRequest, "audience is repeated")
	}
	req.audience, perr = s.audiences(f)
	return req, perr
}

// read reads what does not depend on the server's settings.
func (q *authRequest) read(f form) *protocolError {
	if !slices.Contains(q.client.Grants, oauth.GrantAuthorizationCode) {
		return refuse(codeUnauthorizedClient, "this client may not use authorization_code")
	}
	switch kind := f.get("response_type"); kind {
	case "code":
	case "":
		return refuse(codeInvalidRequest, "response_type is missing")
	default:
		return refuse(codeUnsupportedResponseType, "response_type must be code")
	}
	if mode := f.get("response_mode"); mode != "" && mode != "query" {
		return refuse(codeInvalidRequest, "response_mode must be query")
	}
	if f.has("request") || f.has("request_uri") {
		return refuse(codeInvalidRequest, "request objects are not supported")
	}
	var perr *protocolError
	if q.challenge, perr = challenge(f); perr != nil {
		return perr
	}
	if q.challenge == "" {
		return refuse(codeInvalidRequest, "code_challenge is missing: PKCE with S256 is required (RFC 7636)")
	}
	q.prompt = strings.Fields(f.get("prompt"))
	for _, p := range q.prompt {
		if p != "none" && p != "login" && p != "consent" && p != "select_account" {
			return refuse(codeInvalidRequest, "prompt must be none, login, consent or select_account")
		}
	}
	if slices.Contains(q.prompt, "none") && len(q.prompt) > 1 {
		return refuse(codeInvalidRequest, "prompt none must be the only value")
	}
	return nil
}

// asks reports whether the request has a prompt of this name.
func (q *authRequest) asks(prompt string) bool { return slices.Contains(q.prompt, prompt) }
