package signed

import (
	"crypto"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Errors of tokens of another system. The texts complete the sentence "the token …" and
// hold no part of it.
var (
	ErrNotJWT    = errors.New("is not a JWT in compact form, or a claim in it has the wrong type")
	ErrAlgorithm = errors.New("is signed by an algorithm other than ES256, RS256, PS256 and EdDSA, or by one that fits no known key")
	ErrCritical  = errors.New("asks for an extension (crit)")
	ErrSignature = errors.New("is signed by no known key")
	ErrNoExpiry  = errors.New("has no exp")
	ErrExpired   = errors.New("has expired (exp)")
	ErrNotYet    = errors.New("is not valid yet (nbf, iat)")
	ErrAudience  = errors.New("is for another audience (aud)")
)

// Leeway is how far the clocks of two systems may differ (RFC 7519 section 4.1.4).
const Leeway = 30 * time.Second

// Token is a parsed token of another system, not yet verified.
type Token struct {
	parsed *jwt.JSONWebToken
	says   jwt.Claims
}

// Parse reads a token in compact form. The error is [ErrNotJWT], [ErrAlgorithm]
// or [ErrCritical].
func Parse(text string) (*Token, error) {
	if len(text) > MaxToken {
		return nil, ErrNotJWT
	}
	parsed, err := jwt.ParseSigned(text, permitted())
	if _, other := errors.AsType[*jose.ErrUnexpectedSignatureAlgorithm](err); other {
		return nil, ErrAlgorithm
	}
	if err != nil {
		return nil, ErrNotJWT
	}
	// The one extension that go-jose knows, an unencoded payload, is not for JWTs.
	if _, critical := parsed.Headers[0].ExtraHeaders["crit"]; critical {
		return nil, ErrCritical
	}
	t := &Token{parsed: parsed}
	if err := parsed.UnsafeClaimsWithoutVerification(&t.says); err != nil {
		return nil, ErrNotJWT
	}
	return t, nil
}

// Issuer returns the token's iss, not verified.
func (t *Token) Issuer() string { return t.says.Issuer }

// Subject returns the token's sub, not verified.
func (t *Token) Subject() string { return t.says.Subject }

// Verify returns the claims if one of keys has signed the token, and if it is valid at now
// and for one of audience. The error is one of this package.
func (t *Token) Verify(keys []crypto.PublicKey, now time.Time, audience ...string) (jwt.Claims, error) {
	problem := ErrAlgorithm
	for _, key := range keys {
		if !fits(key, t.parsed.Headers[0].Algorithm) {
			continue
		}
		var claims jwt.Claims
		if err := t.parsed.Claims(key, &claims); err != nil {
			problem = ErrSignature
			continue
		}
		if err := check(claims, now, audience); err != nil {
			return jwt.Claims{}, err
		}
		return claims, nil
	}
	return jwt.Claims{}, problem
}

// check validates claims. Claims that go-jose treats as optional are required here.
func check(c jwt.Claims, now time.Time, audience []string) error {
	if c.Expiry == nil {
		return ErrNoExpiry
	}
	if len(audience) == 0 {
		return ErrAudience
	}
	err := c.ValidateWithLeeway(jwt.Expected{AnyAudience: audience, Time: now}, Leeway)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jwt.ErrExpired):
		return ErrExpired
	case errors.Is(err, jwt.ErrInvalidAudience):
		return ErrAudience
	default:
		return ErrNotYet
	}
}
