package mockserver

import (
	"maps"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

const redacted = "[redacted]"

// newRequest returns a Request with this metadata, without its secrets.
func (s *Server) newRequest(kind Kind, method string, headers map[string][]string) *Request {
	r := &Request{
		Kind: kind, Method: s.withoutSecrets(method), Time: s.clock.Now(),
		Keys: slices.Sorted(maps.Keys(headers)), Metadata: make(map[string][]string, len(headers)),
	}
	carrier := s.cfg.headerKey
	if kind != KindGRPC {
		carrier = "authorization"
	}
	r.Authorizations = len(headers[carrier])
	for _, value := range headers[carrier] {
		if scheme, token, ok := strings.Cut(value, " "); ok && strings.EqualFold(scheme, "Bearer") {
			r.TokenID = oauth.TokenID(strings.TrimSpace(token))
			break
		}
	}
	r.ProxyAuthorizations = len(headers[proxyKey])
	if r.ProxyAuthorizations > 0 {
		_, token, _ := strings.Cut(headers[proxyKey][0], " ")
		r.ProxyTokenID = oauth.TokenID(strings.TrimSpace(token))
	}
	for key, values := range headers {
		if s.secretKey(key) {
			continue
		}
		kept := make([]string, len(values))
		for i, v := range values {
			kept[i] = s.withoutSecrets(v)
		}
		r.Metadata[key] = kept
	}
	return r
}

// secretKey reports whether a metadata key carries credentials.
func (s *Server) secretKey(key string) bool {
	if key == s.cfg.headerKey || key == "cookie" {
		return true
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
func (s *Server) withoutSecrets(text string) string {
	for _, secret := range s.secrets() {
		// A short secret is part of too many innocent words.
		if secret != "" && (text == secret || len(secret) >= 8 && strings.Contains(text, secret)) {
			return redacted
		}
	}
	for word := range strings.FieldsFuncSeq(text, notInToken) {
		if len(word) >= 16 && s.oauth.Issued(word) {
			return redacted
		}
	}
	return text
}

func (s *Server) secrets() []string {
	all := s.proxy.tokens()
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
}

// notInToken reports whether r cannot be part of a token that this server makes.
func notInToken(r rune) bool {
	return !(r == '_' || r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z')
}
