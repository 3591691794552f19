package profile

import (
	"slices"

	"github.com/jetway-go/jetway/auth"
)

// maxLogins bounds the list: the oldest are forgotten, and still there.
const maxLogins = 200

// Login names a login that this command has stored, as the store does: keyrings cannot list
// theirs. It contains no secret.
type Login struct {
	Endpoint string `json:"endpoint"`
	ClientID string `json:"client_id,omitempty"`
	Audience string `json:"audience,omitempty"`
	Flow     string `json:"flow,omitempty"`
	User     string `json:"user,omitempty"`
	Profile  string `json:"profile,omitempty"`
}

// Remember adds k to the list of logins, as the newest.
func (p *Profiles) Remember(k auth.Key) {
	p.Forget(k)
	p.Logins = append(p.Logins, Login(k))
	p.Logins = p.Logins[max(0, len(p.Logins)-maxLogins):]
}

// Forget takes k out of the list, and reports whether it was there.
func (p *Profiles) Forget(k auth.Key) bool {
	before := len(p.Logins)
	p.Logins = slices.DeleteFunc(p.Logins, func(l Login) bool { return l == Login(k) })
	return len(p.Logins) < before
}

// Keys returns the list.
func (p *Profiles) Keys() []auth.Key {
	keys := make([]auth.Key, 0, len(p.Logins))
	for _, l := range p.Logins {
		keys = append(keys, auth.Key(l))
	}
	return keys
}
