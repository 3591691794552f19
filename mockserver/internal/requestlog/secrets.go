package requestlog

import (
	"strings"

	"github.com/jetway-go/jetway/mockserver/internal/proxyauth"
	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/mockserver/requests"
)

const redacted = "[redacted]"

// shortestToken is a length that every token of this server has.
const shortestToken = 16

// newEntry returns what the log keeps of a request with these headers, without its secrets. of
// is what they do not tell; its method has no secret.
func (l *Log) newEntry(of requests.Request, headers map[string][]string) *entry {
	of.Time = l.cfg.Now()
	r, kind, secrets := &entry{Request: of}, of.Kind, l.cfg.Secrets()
	carrier := l.cfg.HeaderKey
	if kind != requests.KindGRPC {
		carrier = "authorization"
	}
	r.Authorizations = len(headers[carrier])
	for _, value := range headers[carrier] {
		if scheme, token, ok := strings.Cut(value, " "); ok && strings.EqualFold(scheme, "Bearer") {
			r.TokenID = l.lastToken.id(strings.TrimSpace(token))
			break
		}
	}
	r.ProxyAuthorizations = len(headers[proxyauth.Key])
	if r.ProxyAuthorizations > 0 {
		_, token, _ := strings.Cut(headers[proxyauth.Key][0], " ")
		r.ProxyTokenID = oauth.TokenID(strings.TrimSpace(token))
	}
	packed := make([]byte, 0, 512)
	for key, values := range headers {
		if l.secretKey(key) {
			packed = pack(pack(packed, key))
			continue
		}
		for _, v := range values {
			packed = pack(pack(packed, key), shown, l.without(secrets, v))
		}
	}
	r.headers = string(packed)
	return r
}

// secretKey reports whether a metadata key carries credentials.
func (l *Log) secretKey(key string) bool {
	switch key {
	case l.cfg.HeaderKey, "cookie":
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

// WithoutSecrets returns text, or "[redacted]" if text holds a token of the server or one of
// its secrets: a faulty client may send them anywhere.
func (l *Log) WithoutSecrets(text string) string { return l.without(l.cfg.Secrets(), text) }

// without is WithoutSecrets with what Secrets returns.
func (l *Log) without(secrets []string, text string) string {
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
		if len(word) >= shortestToken && l.cfg.Issued(word) {
			return redacted
		}
	}
	return text
}

// notInToken reports whether r cannot be part of a token that this server makes.
func notInToken(r rune) bool {
	return !(r == '_' || r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z')
}
