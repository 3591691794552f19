package auth

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Raw is the TokenType of credentials whose AccessToken is the whole header
// value, with no scheme in front of it (a cookie, for example).
const Raw = "raw"

// Credentials is one login: an access token, how to present it, and what is
// needed to renew it.
//
// A *Credentials is immutable once it has been handed to anybody else. Printing
// it in any way shows its ID and expiry, never a token.
type Credentials struct {
	// AccessToken is what calls carry. Empty means that there is only a
	// RefreshToken: nothing is attached, the credential can be renewed.
	AccessToken string
	// RefreshToken renews the login without a person (RFC 6749 §6); may be empty.
	RefreshToken string
	// TokenType is the scheme in front of the token: empty means "Bearer",
	// [Raw] means none.
	TokenType string
	// HeaderKey is the metadata key; empty means "authorization".
	HeaderKey string
	// Expiry is when the access token ends by the local clock; zero means
	// unknown, and then only the server's answer ends it.
	Expiry time.Time
	// IssuedAt is when the token was received; zero means unknown. Together with
	// Expiry it gives the lifetime that early renewal is measured against.
	IssuedAt time.Time
	// ClientID is the OAuth client that the tokens were issued to; a refresh
	// must name the same one. Empty means that the flow decides.
	ClientID string
	// TokenOrigin is the server that issued the tokens: scheme://host[:port] of its
	// token endpoint. Flows send a refresh token to no other. Empty means unknown,
	// as for logins of older programs and of other tools; the next renewal fills it in.
	TokenOrigin string
	// RevocationOrigin is the same for the revocation endpoint that was configured
	// when the login was made, where that is another server. Nothing but these two
	// is told to end the login (RFC 7009).
	RevocationOrigin string

	gen uint64 // set by the Authenticator that published it; 0 before
}

// ID tells two credentials apart and tells nothing about them: the first 32 hex
// digits of the SHA-256 of the access token, or "" without one. (Flyte's Python
// client uses MD5 here, which FIPS builds refuse.)
func (c *Credentials) ID() string {
	if c == nil || c.AccessToken == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(c.AccessToken))
	return hex.EncodeToString(sum[:16])
}

// Header returns the metadata pair to send, or two empty strings when there is
// no access token. The key is lower case, as gRPC wants it.
func (c *Credentials) Header() (key, value string) {
	if c == nil || c.AccessToken == "" {
		return "", ""
	}
	key = strings.ToLower(cmp.Or(c.HeaderKey, "authorization"))
	switch scheme := cmp.Or(c.TokenType, "Bearer"); {
	case scheme == Raw:
		return key, c.AccessToken
	case strings.EqualFold(scheme, "bearer"): // servers also say "bearer" (RFC 6749 §5.1)
		return key, "Bearer " + c.AccessToken
	default:
		return key, scheme + " " + c.AccessToken
	}
}

// String describes the credentials without any secret.
func (c *Credentials) String() string {
	if c == nil {
		return "no credentials"
	}
	b := strings.Builder{}
	b.WriteString("credentials ")
	b.WriteString(cmp.Or(c.ID(), "without access token"))
	if c.RefreshToken != "" {
		b.WriteString(", renewable")
	}
	if !c.Expiry.IsZero() {
		b.WriteString(", expire " + c.Expiry.UTC().Format(time.RFC3339))
	}
	return b.String()
}

// GoString is String, so that %#v shows no secret either.
func (c *Credentials) GoString() string { return c.String() }

// Format is String for every verb.
func (c Credentials) Format(f fmt.State, _ rune) { fmt.Fprint(f, (&c).String()) }

// LogValue is String for slog.
func (c *Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON writes the description, not the tokens: stores use a form of
// their own.
func (c Credentials) MarshalJSON() ([]byte, error) { return json.Marshal((&c).String()) }

// hasExpired reports whether the access token has expired by the clock.
func (c *Credentials) hasExpired(now time.Time) bool {
	return !c.Expiry.IsZero() && !now.Before(c.Expiry)
}

// usable reports whether there is an access token that has not expired.
func (c *Credentials) usable() bool {
	return c != nil && c.AccessToken != "" && !c.hasExpired(time.Now())
}

// olderThan reports whether c is known to have been issued before o.
func (c *Credentials) olderThan(o *Credentials) bool {
	return o != nil && !c.IssuedAt.IsZero() && c.IssuedAt.Before(o.IssuedAt)
}

// withoutRefresh returns c as it is once its refresh token was refused: nil if its
// access token has expired too.
func (c *Credentials) withoutRefresh() *Credentials {
	if !c.usable() {
		return nil
	}
	rest := *c
	rest.RefreshToken = ""
	return &rest
}
