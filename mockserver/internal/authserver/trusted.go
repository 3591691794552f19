package authserver

import (
	"cmp"
	"slices"

	"github.com/jetway-go/jetway/mockserver/internal/signed"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func checkTrusted(issuers []oauth.TrustedIssuer) error {
	for _, t := range issuers {
		if t.Issuer == "" || len(t.Keys) == 0 {
			return &ConfigError{Field: "TrustedIssuers", Reason: "want an issuer and at least one key"}
		}
		if err := signed.CheckKeys(t.Keys); err != nil {
			return &ConfigError{Field: "TrustedIssuers", Reason: "unsupported key", Err: err}
		}
	}
	return nil
}

// foreignSubject verifies a token of a trusted issuer and returns its subject.
func (s *Server) foreignSubject(text string) (string, *protocolError) {
	token, err := signed.Parse(text)
	if err != nil {
		return "", refuse(codeInvalidRequest, "the token "+err.Error())
	}
	i := slices.IndexFunc(s.cfg.TrustedIssuers, func(t oauth.TrustedIssuer) bool { return t.Issuer == token.Issuer() })
	if i < 0 {
		return "", refuse(codeInvalidRequest, "the token's issuer is not trusted here")
	}
	trusted := s.cfg.TrustedIssuers[i]
	claims, err := token.Verify(trusted.Keys, s.cfg.Now(), cmp.Or(trusted.Audience, s.cfg.Issuer))
	if err != nil {
		return "", refuse(codeInvalidRequest, "the token "+err.Error())
	}
	subject := claims.Subject
	if subject == "" || len(trusted.Subjects) > 0 && !slices.Contains(trusted.Subjects, subject) {
		return "", refuse(codeInvalidRequest, "the token's subject may not exchange it")
	}
	return subject, nil
}
