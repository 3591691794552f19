package oauth

import "time"

// DeviceRequest is a device login (RFC 8628) that waits for a user's approval.
type DeviceRequest struct {
	// UserCode is the code as the device shows it, such as "WDJB-MJHT".
	UserCode string
	// ClientID is the client that requested the device code.
	ClientID string
	// Scopes are those that it requested; may be empty.
	Scopes []string
	// Expiry is when the device code expires, by the server's clock.
	Expiry time.Time
}
