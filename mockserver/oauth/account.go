package oauth

import "crypto"

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
