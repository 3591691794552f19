package flyte

import (
	"fmt"
	"strings"
)

// AuthType names a way to log in, as Flyte does.
type AuthType string

// The ways to log in. The aliases of Flyte's command line are accepted too, in upper
// or lower case: client-secret, app-credential, headless, command, custom and so on.
const (
	Pkce            AuthType = "Pkce"
	ClientSecret    AuthType = "ClientSecret"
	DeviceFlow      AuthType = "DeviceFlow"
	ExternalCommand AuthType = "ExternalCommand"
)

// authType reads the configured name. If a client secret is configured, the result is
// ClientSecret, as in flyte-sdk.
func (c *Config) authType() (AuthType, error) {
	from := c.origins[KeyAuthType].From
	t := AuthType("")
	switch strings.ToLower(string(c.AuthType)) {
	case "":
	case "pkce":
		t = Pkce
	case "clientsecret", "client-secret", "client_secret", "app-credential":
		t = ClientSecret
	case "deviceflow", "device-flow", "device_flow", "headless":
		t = DeviceFlow
	case "externalcommand", "external-command", "command", "custom":
		t = ExternalCommand
	default:
		return "", &Error{Where: from, Err: fmt.Errorf(
			"%s %.40q must be Pkce, ClientSecret, DeviceFlow or ExternalCommand", KeyAuthType, c.AuthType)}
	}
	if c.hasSecret() {
		t = ClientSecret
	}
	return t, nil
}

// hasSecret reports whether a client secret is configured.
func (c *Config) hasSecret() bool {
	return c.apiKey.Endpoint != "" || c.secretEnvVar != "" || c.secretLocation != ""
}
