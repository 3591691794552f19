package oauth

import (
	"crypto"
	"slices"
	"strings"
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
		if err := checkKeys("TrustedIssuers", t.Keys); err != nil {
			return err
		}
	}
	return nil
}

// unverified reads a JWT that nobody has checked, to find out whose keys to use.
func unverified(token string) (claims, bool) {
	parts := strings.Split(token, ".")
	var c claims
	if len(token) > maxToken || len(parts) != 3 || decodePart(parts[1], &c) != nil {
		return nil, false
	}
	return c, true
}

// foreign reads a token of a trusted issuer.
func (s *Server) foreign(token string) (claims, *protocolError) {
	c, ok := unverified(token)
	if !ok {
		return nil, refuse(codeInvalidRequest, "the token "+errNotJWT.Error())
	}
	i := slices.IndexFunc(s.cfg.TrustedIssuers, func(t TrustedIssuer) bool { return t.Issuer == c.text("iss") })
	if i < 0 {
		return nil, refuse(codeInvalidRequest, "the token is from no issuer that is trusted here")
	}
	trusted := s.cfg.TrustedIssuers[i]
	c, err := verifyJWT(token, trusted.Keys)
	if err != nil {
		return nil, refuse(codeInvalidRequest, "the token "+err.Error())
	}
	audience := []string{trusted.Audience}
	if trusted.Audience == "" {
		audience = []string{s.cfg.Issuer}
	}
	if err := c.check(s.cfg.Now(), audience); err != nil {
		return nil, refuse(codeInvalidRequest, "the token "+err.Error())
	}
	subject := c.text("sub")
	if subject == "" || len(trusted.Subjects) > 0 && !slices.Contains(trusted.Subjects, subject) {
		return nil, refuse(codeInvalidRequest, "the token speaks for nobody who may exchange it")
	}
	return c, nil
}
