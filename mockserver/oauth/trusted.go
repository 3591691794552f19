package oauth

import (
	"cmp"
	"crypto"
	"slices"

	"github.com/jetway-go/jetway/mockserver/internal/signed"
)

// TrustedIssuer is another system whose JWTs can be exchanged here, such as a
// cluster that gives each workload one.
type TrustedIssuer struct {
	// Issuer is the iss of its tokens; required.
	Issuer string
	// Keys are what it signs with; see [Client.Keys]. At least one.
	Keys []crypto.PublicKey
	// Audience is the aud that its tokens must have; empty means [Config.Issuer].
	Audience string
	// Subjects are whose tokens are taken; empty means everybody's.
	Subjects []string
}

func checkTrusted(issuers []TrustedIssuer) error {
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

// foreignSubject reads a token of a trusted issuer and returns its subject.
func (s *Server) foreignSubject(text string) (string, *protocolError) {
	token, err := signed.Parse(text)
	if err != nil {
		return "", refuse(codeInvalidRequest, "the token "+err.Error())
	}
	i := slices.IndexFunc(s.cfg.TrustedIssuers, func(t TrustedIssuer) bool { return t.Issuer == token.Issuer() })
	if i < 0 {
		return "", refuse(codeInvalidRequest, "the token is from no issuer that is trusted here")
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
