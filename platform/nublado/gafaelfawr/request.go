package gafaelfawr

import (
	"fmt"
	"strings"
	"time"
)

// TokenType says whether a token is for a program or for a person.
type TokenType string

const (
	// Service tokens are for programs, under names that begin with bot-.
	Service TokenType = "service"
	// User tokens are for people, and have a name.
	User TokenType = "user"
)

// MinLifetime is the shortest lifetime of a new token.
const MinLifetime = 5 * time.Minute

// Request describes the token to create; see [Client.CreateToken].
type Request struct {
	// Username is the user of the token; required.
	Username string
	// Type is what the token is for; empty means [Service].
	Type TokenType
	// Name is the name of the token; required for a [User] token, forbidden for others.
	Name string
	// Scopes are the scopes of the token.
	Scopes []string
	// Expires is when the token expires; the zero time means never.
	Expires time.Time
}

// Check returns an error for a request that Gafaelfawr would reject, without sending it.
// Expires is compared with now.
func (r Request) Check(now time.Time) error {
	if err := CheckUsername(r.Username); err != nil {
		return err
	}
	switch r.Type {
	case Service, "":
		if !strings.HasPrefix(r.Username, "bot-") {
			return fmt.Errorf("Username %q must start with \"bot-\"", r.Username) //nolint:staticcheck // Gafaelfawr's words
		}
		if r.Name != "" {
			return fmt.Errorf("token name %.64q: only user tokens have one", r.Name)
		}
	case User:
		if r.Name == "" {
			return fmt.Errorf("token name is missing: the user token of %s needs one", r.Username)
		}
	default:
		return fmt.Errorf("token type %.64q must be service or user", r.Type)
	}
	if !r.Expires.IsZero() && r.Expires.Before(now.Add(MinLifetime)) {
		return fmt.Errorf("Token must be valid for at least five minutes") //nolint:perfsprint // Gafaelfawr's words
	}
	return nil
}

const maxUsername = 64

// CheckUsername returns an error if name is not a valid user name: lower-case letters,
// digits and single hyphens between them, at least one letter, and at most 64
// characters.
func CheckUsername(name string) error {
	letter := false
	for i, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z':
			letter = true
		case '0' <= c && c <= '9':
		case c == '-' && i > 0 && i < len(name)-1 && name[i-1] != '-':
		default:
			return errUsername(name)
		}
	}
	if !letter || len(name) > maxUsername {
		return errUsername(name)
	}
	return nil
}

func errUsername(name string) error {
	if name == "" {
		return fmt.Errorf("username is missing") //nolint:perfsprint // beside its sibling
	}
	return fmt.Errorf("username %.64q is not valid: lower-case letters, digits and single hyphens, at most %d characters", name, maxUsername)
}
