package oauth

import (
	"cmp"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
)

// ErrUnknownAccount says that no account has that login.
var ErrUnknownAccount = errors.New("no such account; list it in oauth.Config.Accounts")

// Account is a person who can log in.
type Account struct {
	// Login is the name typed into the login page; required.
	Login string
	// Password is the password; empty accepts none.
	Password string
	// Subject is who the tokens speak for; empty means Login.
	Subject string
	// Claims, such as email and name, go into signed tokens and are what the
	// userinfo endpoint tells.
	Claims map[string]any
}

func (a Account) subject() string { return cmp.Or(a.Subject, a.Login) }

// token describes a login of this person at client.
func (a Account) token(c Client, scopes, audience []string) tokenInfo {
	return tokenInfo{
		subject: a.subject(), client: c.ID, scopes: scopes, audience: audience,
		claims: maps.Clone(a.Claims), login: rand.Text(),
	}
}

func checkAccounts(cfg Config) error {
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

func (s *Server) account(login string) (Account, bool) {
	i := slices.IndexFunc(s.cfg.Accounts, func(a Account) bool { return a.Login == login })
	if i < 0 {
		return Account{}, false
	}
	return s.cfg.Accounts[i], true
}

// logIn checks a login and a password.
func (s *Server) logIn(login, password string) (Account, bool) {
	a, known := s.account(login)
	right := sameSecret(a.Password, password)
	return a, known && right && a.Password != ""
}
