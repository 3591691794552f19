package authserver

import (
	"cmp"
	"crypto/rand"
	"errors"
	"maps"
	"slices"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// ErrUnknownAccount is returned if no account has that login.
var ErrUnknownAccount = errors.New("no such account; list it in oauth.Config.Accounts")

// subjectOf returns the sub of the account's tokens.
func subjectOf(a oauth.Account) string { return cmp.Or(a.Subject, a.Login) }

// loginOf describes a login of a at a client.
func loginOf(a oauth.Account, client string, scopes, audience []string) tokenInfo {
	return tokenInfo{
		subject: subjectOf(a), client: client, scopes: scopes, audience: audience,
		claims: maps.Clone(a.Claims), login: rand.Text(),
	}
}

func checkAccounts(cfg oauth.Config) error {
	seen := map[string]bool{}
	for _, a := range cfg.Accounts {
		if a.Login == "" || !clean(a.Login) || !clean(a.Password) {
			return &ConfigError{Field: "Account", Reason: "a login is plain text and not empty, a password is plain text"}
		}
		if seen[a.Login] {
			return &ConfigError{Field: "Account", Reason: "two accounts have one login"}
		}
		seen[a.Login] = true
	}
	if cfg.AutoApprove != "" && !seen[cfg.AutoApprove] {
		return &ConfigError{Field: "AutoApprove", Reason: "names no account", Err: ErrUnknownAccount}
	}
	return nil
}

func (s *Server) account(login string) (oauth.Account, bool) {
	i := slices.IndexFunc(s.cfg.Accounts, func(a oauth.Account) bool { return a.Login == login })
	if i < 0 {
		return oauth.Account{}, false
	}
	return s.cfg.Accounts[i], true
}

// logIn checks a login and a password.
func (s *Server) logIn(login, password string) (oauth.Account, bool) {
	a, known := s.account(login)
	right := sameSecret(a.Password, password)
	return a, known && right && a.Password != ""
}
