package wallaroo

import (
	"fmt"
	"strings"
)

// AuthType names a way to log in, as Wallaroo does, in upper or lower case.
type AuthType string

const (
	// SSO shows the user an address to log in at (RFC 8628).
	SSO AuthType = "sso"
	// UserPassword logs in with a user name and a password.
	UserPassword AuthType = "user_password"
	// Token reads a token from a file that another program keeps up to date.
	Token AuthType = "token"
	// None sends no credentials.
	None AuthType = "none"
)

func parseAuthType(v value) (AuthType, error) {
	switch t := AuthType(strings.ToLower(v.text)); t {
	case SSO, UserPassword, Token, None:
		return t, nil
	default:
		return "", &Error{Input: v.from, Err: fmt.Errorf("%q is not a valid AuthType; it can be sso, user_password, token or none", v.text)}
	}
}
