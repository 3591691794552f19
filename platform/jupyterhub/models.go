package jupyterhub

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jetway-go/jetway/auth/flow"
)

// HubInfo is what the hub says about itself.
type HubInfo struct {
	Version       string    `json:"version"`        // of JupyterHub
	Python        string    `json:"python"`         // sys.version of its Python
	Executable    string    `json:"sys_executable"` // path of its Python
	Spawner       Component `json:"spawner"`
	Authenticator Component `json:"authenticator"`
}

// Component is a class of the hub's configuration.
type Component struct {
	Class   string `json:"class"`
	Version string `json:"version"`
}

// UserModel is a user of the hub. Which fields are set depends on the scopes of the token
// that asked: a field that it may not read has its zero value.
type UserModel struct {
	Kind   string   `json:"kind"` // "user"
	Name   string   `json:"name"`
	Admin  bool     `json:"admin"`
	Roles  []string `json:"roles"`
	Groups []string `json:"groups"`
	// Server is the path of the default server; empty if it does not run.
	Server string `json:"server"`
	// Pending is "spawn" or "stop" while the default server starts or stops.
	Pending      string    `json:"pending"`
	Created      time.Time `json:"created"`
	LastActivity time.Time `json:"last_activity"` // zero: never
	// AuthState is what the hub's authenticator keeps about the user, for tokens with
	// admin:auth_state.
	AuthState Private `json:"auth_state"`
	// Servers are those that run, start or stop, by name.
	Servers map[string]ServerModel `json:"servers"`
}

// SelfModel is the owner of a token, and the token itself. For a service the user's
// fields beside Kind, Name and Admin are empty.
type SelfModel struct {
	UserModel

	Scopes    []string `json:"scopes"`
	SessionID string   `json:"session_id"` // of the browser that the token is for; may be empty
	TokenID   string   `json:"token_id"`   // from 5.0
}

// ServerModel is a server of a user.
type ServerModel struct {
	Name         string    `json:"name"` // empty for the default server
	LastActivity time.Time `json:"last_activity"`
	Started      time.Time `json:"started"`
	// Pending is "spawn" or "stop" while the server starts or stops.
	Pending string `json:"pending"`
	Ready   bool   `json:"ready"`   // it can be used
	Stopped bool   `json:"stopped"` // it is listed only because that was asked for
	// URL is where the server is, as the hub says: a path that begins with the hub's
	// own, or from 5.0 also an absolute URL. Check an absolute one before sending a token
	// there.
	URL         string `json:"url"`
	ProgressURL string `json:"progress_url"` // likewise; see [Client.Progress]
	// UserOptions are those that the server was started with.
	UserOptions Private `json:"user_options"`
	// State is what the spawner keeps, for tokens with admin:server_state.
	State Private `json:"state"`
}

// GroupModel is a group of users.
type GroupModel struct {
	Name  string   `json:"name"`
	Users []string `json:"users"`
	Roles []string `json:"roles"`
}

// ServiceModel is a service of the hub.
type ServiceModel struct {
	Name    string   `json:"name"`
	Roles   []string `json:"roles"`
	Admin   bool     `json:"admin"`
	URL     string   `json:"url"`    // where it listens; may be empty
	Prefix  string   `json:"prefix"` // its path at the hub's proxy; may be empty
	Command []string `json:"command"`
	PID     int      `json:"pid"` // of its process, if the hub started it
	Display bool     `json:"display"`
}

// TokenModel is a token of a user, without its secret.
type TokenModel struct {
	ID           string    `json:"id"` // such as a4
	User         string    `json:"user"`
	Service      string    `json:"service"`
	Note         string    `json:"note"`
	Scopes       []string  `json:"scopes"`
	Roles        []string  `json:"roles"`
	Created      time.Time `json:"created"`
	ExpiresAt    time.Time `json:"expires_at"`    // zero: never
	LastActivity time.Time `json:"last_activity"` // zero: never used
	OAuthClient  string    `json:"oauth_client"`  // that it was issued to; may be empty
	SessionID    string    `json:"session_id"`    // of the browser; may be empty
}

// NewToken is a token that the hub has just made. The hub shows the secret only this once.
type NewToken struct {
	TokenModel

	// Secret is the token. It can be given to [Config], and Read returns it.
	Secret flow.Secret
}

// Private is JSON that may hold secrets of a user. Printing it shows nothing of it.
type Private struct{ raw *[]byte }

// IsZero reports whether there is nothing, or null.
func (p Private) IsZero() bool { return p.raw == nil }

// Decode decodes the JSON into a value, as json.Unmarshal does.
func (p Private) Decode(into any) error {
	if p.raw == nil {
		return errors.New("there is nothing to decode")
	}
	if json.Unmarshal(*p.raw, into) != nil {
		return errors.New("the JSON does not fit") // its error may quote a value
	}
	return nil
}

// UnmarshalJSON keeps a copy of the JSON.
func (p *Private) UnmarshalJSON(text []byte) error {
	p.raw = nil
	if string(text) != "null" {
		own := append([]byte(nil), text...)
		p.raw = &own
	}
	return nil
}

// String returns if something is there, never what it is.
func (p Private) String() string {
	if p.raw == nil {
		return "none"
	}
	return "[redacted]"
}

// GoString is String, so that %#v shows nothing either.
func (p Private) GoString() string { return p.String() }

// Format is String for every verb.
func (p Private) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, p.String()) }

// LogValue is String for slog.
func (p Private) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalJSON writes the description, not the JSON.
func (p Private) MarshalJSON() ([]byte, error) { return json.Marshal(p.String()) }
