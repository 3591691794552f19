package presets

import (
	"time"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/mockserver"
)

// credentials are about what was issued already.
func credentials() []Preset {
	const group = "Tokens and logins"
	return []Preset{
		{
			Name: "expire-tokens", Group: group, Title: "Expire access tokens",
			Does:    "Every access token issued so far expires now. Refresh tokens stay valid.",
			Clients: "Renew the token once, however many calls are under way, and send the refused calls again: programs see no error.",
			start:   always(func(s *mockserver.Server) { s.Script().ExpireTokens() }),
		},
		{
			Name: "revoke-tokens", Group: group, Title: "Revoke access tokens",
			Does:    "Every access token issued so far is refused, although it has not expired. Refresh tokens stay valid.",
			Clients: "Take Unauthenticated for the end of the token, whatever its expiry says: renew it once and send the call again.",
			start:   always(func(s *mockserver.Server) { s.Script().RevokeTokens() }),
		},
		{
			Name: "revoke-logins", Group: group, Title: "Revoke all logins",
			Does: "Access and refresh tokens are refused.",
			Clients: "Delete the stored login at invalid_grant. A program without a user gets a new token; " +
				"one with a user reports that a login is needed and opens no browser by itself.",
			start: always(func(s *mockserver.Server) { s.Script().RevokeLogins() }),
		},
		{
			Name: "reject-next-call", Group: group, Title: "Reject the next call",
			Does:    "The next call that needs a token ends with Unauthenticated although its token is valid.",
			Clients: "Get a new token and send the call again, once.",
			start:   always(func(s *mockserver.Server) { s.Script().RejectNext(1) }),
			on:      func(s *mockserver.Server) bool { return s.Script().On().Rejections > 0 },
		},
		{
			Name: "reject-next-calls", Group: group, Title: "Reject the next ten calls",
			Does:    "Ten calls in a row end with Unauthenticated, with whatever token.",
			Clients: "Give up after the second refusal of a call and return Unauthenticated: no loop of renewals.",
			start:   always(func(s *mockserver.Server) { s.Script().RejectNext(10) }),
			on:      func(s *mockserver.Server) bool { return s.Script().On().Rejections > 1 },
		},
		{
			Name: "expired-tokens", Group: group, Title: "Short tokens",
			Does:     "Access tokens expire after 2 seconds. Only a server that begins with it has it.",
			Clients:  "Renew in time, without a call that fails and without asking the user.",
			TokenTTL: 2 * time.Second,
			start:    always(func(*mockserver.Server) {}),
		},
		everyThird("rejected-tokens", group, "Reject every third call", codes.Unauthenticated,
			"Get a new token and send the call again, once; return the error if that is rejected too."),
	}
}
