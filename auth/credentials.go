// Package auth caches credentials and refreshes them with a single request in
// flight.
//
// An [Authenticator] holds the access token that calls carry. An interceptor asks it
// for another one when the server has answered Unauthenticated. The Authenticator
// decides whether that takes a request (another call may have replaced the token
// already), and makes one request for all callers; its [Flow] decides how. A [Store]
// keeps the login between runs, and of several processes that share a login only one
// refreshes it. [Terminal] shows a person how to log in.
//
// Start with [New]. The ways to log in are in package auth/flow, the stores in
// auth/tokenstore.
package auth

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

// Raw is the TokenType of credentials whose AccessToken is the whole header
// value, with no scheme in front of it (a cookie, for example).
const Raw = "raw"

// Credentials is one login: an access token, how to present it, and what is
// needed to refresh it.
//
// A *Credentials must not be changed once another goroutine or package has it.
// Printing or logging it shows its ID and expiry, never a token. Encoding it with
// package json is an error, because the result would either contain the tokens or lose
// them; [Encode] writes it with its tokens.
type Credentials struct {
	// AccessToken is what calls carry. Empty means that there is only a RefreshToken:
	// calls carry no token before the first refresh.
	AccessToken string
	// RefreshToken is exchanged for the next access token, without a person (RFC 6749 §6);
	// may be empty.
	RefreshToken string
	// TokenType is the scheme in front of the token: empty means "Bearer",
	// [Raw] means none.
	TokenType string
	// HeaderKey is the metadata key; empty means "authorization".
	HeaderKey string
	// Expiry is when the access token expires by the local clock; zero means
	// unknown: it is used until the server rejects it.
	Expiry time.Time
	// IssuedAt is when the token was received; zero means unknown. Together with
	// Expiry it gives the lifetime, from which the time of an early refresh follows.
	IssuedAt time.Time
	// ClientID is the OAuth client that the tokens were issued to; a refresh
	// must name the same one. Empty means the client of the flow.
	ClientID string
	// Audience and Scope (a list separated by spaces, RFC 6749 §3.3) are what the login
	// asked for, not what the server made of it. A program that asks for another audience
	// does not use the login; one that asks for more scopes needs a new one.
	Audience, Scope string
	// PurposeKnown reports whether an empty Audience or Scope means that the login asked
	// for none. Otherwise that is unknown, as for logins of older programs, of other tools
	// and of flows that do not say it, and any program may use them.
	PurposeKnown bool
	// TokenOrigin is the server that issued the tokens: scheme://host[:port] of its
	// token endpoint. Flows send a refresh token to no other. Empty means unknown,
	// as for logins of older programs and of other tools; the next refresh fills it in.
	TokenOrigin string
	// RevocationOrigin is the server of the revocation endpoint that was configured when
	// the login was made; empty if that is TokenOrigin. Tokens are sent for revocation
	// (RFC 7009) to one of these two servers and to no other.
	RevocationOrigin string
	// Ended says why the login cannot be refreshed any more, and since when: the server
	// rejected its refresh token for good, and no program sends it again. Empty means that
	// nothing is known against it. It contains no token.
	Ended string
	// Refusals is how many access tokens in a row before this one were refused while they
	// were new, as far as the program that obtained this one knows. It is zero where all
	// goes well. Where it is not, and a server refuses this token too, programs wait before
	// they ask for the next one, up to a minute after IssuedAt.
	Refusals int
	// Refused says that a server refused the token of a person's login while it was new, and
	// why that may be. No program asks the person again before the next Login. In a login
	// that needs no person it is why an authorization server refused the next one, before
	// RetryAt. It contains no token.
	Refused string
	// RetryAt is when the authorization server wants to be asked again (Retry-After); zero
	// if it did not say. Programs that share the login wait until then, at most five
	// minutes; Login does not. Credentials without any token that have one are a note for
	// programs that share a login which does not exist yet; a [Store] treats it as a login,
	// and [Find] returns ErrNoCredentials.
	RetryAt time.Time

	gen       uint64 // set by the Authenticator that published it; 0 before
	fromStore bool   // likewise: from the store
}

// FromStore reports whether the Authenticator that returned c found it in its [Store], where
// another program may have put it long ago, and did not obtain it by itself. So a call that
// is rejected with it may be made once more with the next one.
func (c *Credentials) FromStore() bool { return c != nil && c.fromStore }

// ID identifies the access token without exposing it: the first 32 hex digits of its
// SHA-256, or "" without one. (Flyte's Python client uses MD5 here, which FIPS builds
// refuse.)
func (c *Credentials) ID() string {
	if c == nil || c.AccessToken == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(c.AccessToken))
	return hex.EncodeToString(sum[:16])
}

// Header returns the metadata pair to send, or two empty strings when there is
// no access token. The key is in lower case, as gRPC requires.
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

// LogValue is String for slog. Log a pointer: the JSON handler of slog writes the error
// of MarshalJSON for a value, and for a struct that holds credentials.
func (c *Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

var errNotJSON = errors.New("auth.Credentials are not written or read as JSON, which would show or lose the tokens:" +
	" store them with auth.Encode and auth.Decode, show them with String")

// MarshalJSON returns an error that names [Encode]. Were it to write a description, a
// program could store that by mistake and notice only when it reads the login back.
func (c Credentials) MarshalJSON() ([]byte, error) { return nil, errNotJSON }

// UnmarshalJSON returns an error that names [Decode].
func (c *Credentials) UnmarshalJSON([]byte) error { return errNotJSON }

// isNote reports whether c is no login, but says when the next one may be tried.
func (c *Credentials) isNote() bool {
	return c.AccessToken == "" && c.RefreshToken == "" && !c.RetryAt.IsZero()
}

// hasExpired reports whether the access token has expired by a clock of this machine.
func (c *Credentials) hasExpired(now clock.Reading) bool {
	return !c.Expiry.IsZero() && now.Past(c.Expiry)
}

// left returns how long the access token lasts from now: never longer than it lasted when
// it was issued, so that a wall clock that was set back since prolongs no stored login.
func (c *Credentials) left(now clock.Reading) time.Duration {
	left := c.Expiry.Sub(now.Wall())
	if life := c.Expiry.Sub(c.IssuedAt); !c.IssuedAt.IsZero() && life > 0 {
		left = min(left, life)
	}
	return left
}

// usable reports whether there is an access token that has not expired.
func (c *Credentials) usable(now clock.Reading) bool {
	return c != nil && c.AccessToken != "" && !c.hasExpired(now)
}

// olderThan reports whether c is known to have been issued before o.
func (c *Credentials) olderThan(o *Credentials) bool {
	return o != nil && !c.IssuedAt.IsZero() && c.IssuedAt.Before(o.IssuedAt)
}

// withoutRefresh returns c as it is once its refresh token was refused: nil if its
// access token has expired too.
func (c *Credentials) withoutRefresh(now clock.Reading) *Credentials {
	if !c.usable(now) {
		return nil
	}
	kept := *c
	kept.RefreshToken = ""
	return &kept
}

// sendable returns an error that says why calls cannot carry c, nil if they can. It contains
// nothing of the token.
func (c *Credentials) sendable() error {
	key, value := c.Header()
	for _, r := range key {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r)) {
			return fmt.Errorf("its header key %q has a character other than a-z, 0-9, '-', '_' and '.'", key)
		}
	}
	if strings.HasSuffix(key, "-bin") {
		return nil // gRPC sends it in base64
	}
	for i := range len(value) {
		if b := value[i]; b < 0x20 || b > 0x7e {
			return fmt.Errorf("its header value has a byte that is not printable ASCII at position %d of %d, such as a line end", i, len(value))
		}
	}
	return nil
}
