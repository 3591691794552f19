package authserver

import (
	"crypto/rand"
	"maps"
	"slices"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// Token types of RFC 8693 section 3.
const (
	tokenTypeAccess = "urn:ietf:params:oauth:token-type:access_token"
	tokenTypeJWT    = "urn:ietf:params:oauth:token-type:jwt"
	tokenTypeID     = "urn:ietf:params:oauth:token-type:id_token"
)

// tokenExchange is the grant of RFC 8693 section 2. It exchanges tokens of this server and
// of [oauth.Config.TrustedIssuers] for access tokens, whose scopes are among those of
// both the token and the client.
func (s *Server) tokenExchange(c oauth.Client, f form) (issued, *protocolError) {
	wanted := f.get("requested_token_type")
	switch wanted {
	case "":
		wanted = tokenTypeAccess
	case tokenTypeAccess:
	case tokenTypeJWT:
		if s.cfg.Opaque {
			return issued{}, refuse(codeInvalidRequest, "requested_token_type: this server's access tokens are not JWTs")
		}
	default:
		return issued{}, refuse(codeInvalidRequest, "requested_token_type must be "+tokenTypeAccess+" or "+tokenTypeJWT)
	}
	subject, perr := s.party(f, "subject_token", c.Scopes)
	if perr != nil {
		return issued{}, perr
	}
	info := tokenInfo{subject: subject.subject, client: c.ID, claims: maps.Clone(subject.claims), login: subject.login}
	if f.has("actor_token") || f.has("actor_token_type") {
		actor, perr := s.party(f, "actor_token", nil)
		if perr != nil {
			return issued{}, perr
		}
		if info.claims == nil {
			info.claims = map[string]any{}
		}
		info.claims["act"] = map[string]any{"sub": actor.subject}
	}
	allowed := slices.DeleteFunc(slices.Clone(c.Scopes), func(scope string) bool { return !slices.Contains(subject.scopes, scope) })
	if info.scopes, perr = grantedScopes(f.get("scope"), allowed); perr != nil {
		return issued{}, perr
	}
	if info.audience, perr = s.audiences(f); perr != nil {
		return issued{}, perr
	}
	out, perr := s.mint(info, s.cfg.TokenTTL)
	out.kind = wanted
	return out, perr
}

// party reads one of the two tokens of a request. A token of a trusted issuer has no
// scopes here: it gets those of the client.
func (s *Server) party(f form, name string, scopes []string) (tokenInfo, *protocolError) {
	token, kind := f.get(name), f.get(name+"_type")
	if token == "" || kind == "" {
		return tokenInfo{}, refuse(codeInvalidRequest, name+" or "+name+"_type is missing")
	}
	if kind != tokenTypeAccess && kind != tokenTypeJWT && kind != tokenTypeID {
		return tokenInfo{}, refuse(codeInvalidRequest, name+"_type must be "+tokenTypeAccess+", "+tokenTypeJWT+" or "+tokenTypeID)
	}
	if r, ours := s.tokens.lookup(token); ours && kind != tokenTypeID {
		if _, err := s.Verify(token, ""); err != nil {
			return tokenInfo{}, refuse(codeInvalidRequest, name+" is expired or revoked")
		}
		return r.tokenInfo, nil
	}
	subject, perr := s.foreignSubject(token)
	if perr != nil {
		perr.description = name + ": " + perr.description
		return tokenInfo{}, perr
	}
	return tokenInfo{subject: subject, scopes: scopes, login: rand.Text()}, nil
}
