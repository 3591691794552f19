package oauth

import "crypto"

// Account is a user who can log in.
type Account struct {
	// Login is the name that the user types on the login page; required.
	Login string
	// Password is the password; with an empty one the user cannot log in by password.
	Password string
	// Subject is the sub of the user's tokens; empty means Login.
	Subject string
	// Claims, such as email and name, go into signed tokens and into answers of the
	// userinfo endpoint.
	Claims map[string]any
}

// TrustedIssuer is another system whose JWTs can be exchanged here, such as a
// cluster that gives each workload one.
type TrustedIssuer struct {
	// Issuer is the iss of its tokens; required.
	Issuer string
	// Keys are the public keys of its tokens, at least one; see [Client.Keys].
	Keys []crypto.PublicKey
	// Audience is the aud that its tokens must have; empty means [Config.Issuer].
	Audience string
	// Subjects are the subjects whose tokens are accepted; empty accepts all.
	Subjects []string
}
