package mockserver

import (
	"strings"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

const redacted = "[redacted]"

// shortestToken is a length that every token of this server has.
const shortestToken = 16

// newRequest returns what the log keeps of a request with these headers, without its
// secrets.
func (s *Server) newRequest(kind Kind, method string, headers map[string][]string) *loggedRequest {
	return s.newRequestOf(Request{Kind: kind, Method: s.withoutSecrets(method)}, headers)
}

// newRequestOf is newRequest for a Request without what headers tell. Its method is one that
// the server has, or has no secret.
func (s *Server) newRequestOf(of Request, headers map[string][]string) *loggedRequest {
	of.Time = s.clock.Now()
	r, kind, secrets := &loggedRequest{Request: of}, of.Kind, s.secrets()
	carrier := s.cfg.headerKey
	if kind != KindGRPC {
		carrier = "authorization"
	}
	r.Authorizations = len(headers[carrier])
	for _, value := range headers[carrier] {
		if scheme, token, ok := strings.Cut(value, " "); ok && strings.EqualFold(scheme, "Bearer") {
			r.TokenID = s.lastToken.id(strings.TrimSpace(token))
			break
		}
	}
	r.ProxyAuthorizations = len(headers[proxyKey])
	if r.ProxyAuthorizations > 0 {
		_, token, _ := strings.Cut(headers[proxyKey][0], " ")
		r.ProxyTokenID = oauth.TokenID(strings.TrimSpace(token))
	}
	packed := make([]byte, 0, 512)
	for key, values := range headers {
		if s.secretKey(key) {
			packed = pack(pack(packed, key))
			continue
		}
		for _, v := range values {
			packed = pack(pack(packed, key), shown, s.without(secrets, v))
		}
	}
	r.headers = string(packed)
	return r
}

// secretKey reports whether a metadata key carries credentials.
func (s *Server) secretKey(key string) bool {
	switch key {
	case s.cfg.headerKey, "cookie":
		return true
	case ":authority", "content-type", "user-agent", "grpc-accept-encoding": // of every call
		return false
	}
	for _, part := range []string{"authorization", "token", "secret", "password", "credential", "api-key", "apikey"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
}

// withoutSecrets replaces a text that holds a token of this server, or the secret of
// a client, a user or the proxy: a faulty client may send them anywhere.
func (s *Server) withoutSecrets(text string) string { return s.without(s.secrets(), text) }

// without is withoutSecrets with what s.secrets returns.
func (s *Server) without(secrets []string, text string) string {
	for _, secret := range secrets {
		// A short secret is part of too many innocent words.
		if secret != "" && (text == secret || len(secret) >= 8 && strings.Contains(text, secret)) {
			return redacted
		}
	}
	if len(text) < shortestToken {
		return text
	}
	for word := range strings.FieldsFuncSeq(text, notInToken) {
		if len(word) >= shortestToken && s.oauth.Issued(word) {
			return redacted
		}
	}
	return text
}

// secrets returns what withoutSecrets looks for; do not change it.
func (s *Server) secrets() []string {
	return s.proxy.secrets(func() (all []string) {
		for _, c := range s.cfg.oauth.Clients {
			all = append(all, c.Secret)
		}
		for _, a := range s.cfg.oauth.Accounts {
			all = append(all, a.Password)
		}
		for _, a := range s.cfg.attachments {
			all = append(all, a.Secrets...)
		}
		return all
	})
}

// notInToken reports whether r cannot be part of a token that this server makes.
func notInToken(r rune) bool {
	return !(r == '_' || r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z')
}
