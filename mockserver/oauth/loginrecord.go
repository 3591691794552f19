package oauth

import "time"

// LoginRecord is the story of one login: what was issued for it, renewed, refused and
// revoked. Tokens that a client gets for itself belong to no login: they have one record
// for each client, and so do refused requests that name no login. A record holds no
// secret: tokens appear by [TokenID] only.
type LoginRecord struct {
	// ID names the login; empty in the record of a client.
	ID string
	// ClientID is the client; empty if the requests named none that is registered.
	ClientID string
	// Subject is whose login it is; empty before a token was issued.
	Subject string
	// Began is when the first event happened, by the server's clock.
	Began time.Time
	// TokenID names the latest access token, and Expiry is when it expires; empty and zero
	// if there is none.
	TokenID string
	Expiry  time.Time
	// Revoked reports whether the latest access token was revoked.
	Revoked bool
	// RefreshTokenID names the latest refresh token; empty if there is none.
	RefreshTokenID string
	// Ended reports whether the login was revoked as a whole: it gets no further tokens.
	Ended bool
	// Events are the latest events, oldest first, at most 64.
	Events []LoginEvent
	// Dropped is how many earlier events are no longer in Events.
	Dropped int
}

// LoginEvent is one thing that happened to a login.
type LoginEvent struct {
	// Kind is what happened.
	Kind LoginEventKind
	// Time is when, by the server's clock.
	Time time.Time
	// Grant is the grant type of the request, such as [GrantRefreshToken]; empty for
	// events that are no request for a token.
	Grant string
	// TokenID names the access token that the event is about; may be empty.
	TokenID string
	// RefreshTokenID names the refresh token that was issued; may be empty.
	RefreshTokenID string
	// Expiry is when an issued or renewed access token expires; otherwise zero.
	Expiry time.Time
	// Reason says why, for people: the error code and description of a refusal, or who
	// revoked what; may be empty.
	Reason string
}

// LoginEventKind is what happened to a login.
type LoginEventKind string

// Kinds of events.
const (
	LoginApproved LoginEventKind = "approved" // a user approved the device
	LoginDenied   LoginEventKind = "denied"   // a user denied the device
	LoginIssued   LoginEventKind = "issued"   // an access token by a login, or by a client for itself
	LoginRenewed  LoginEventKind = "renewed"  // an access token by a refresh token
	LoginRotated  LoginEventKind = "rotated"  // a new refresh token took the place of the one that was used
	LoginRefused  LoginEventKind = "refused"  // the token endpoint refused a request, or the first call was refused that came with a token
	LoginExpired  LoginEventKind = "expired"  // a script made the access token expire
	LoginRevoked  LoginEventKind = "revoked"  // an access token, or the login as a whole
)
