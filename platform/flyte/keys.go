package flyte

import "strings"

// kind is what a setting holds.
type kind int

const (
	text kind = iota
	path      // of a file
	boolean
	list   // the words of a command line
	scopes // a list in which commas separate too
)

// isList reports whether the value is value.list.
func (k kind) isList() bool { return k == list || k == scopes }

// String returns what the value must be, for errors.
func (k kind) String() string {
	switch {
	case k == boolean:
		return "true or false"
	case k.isList():
		return "a list of text"
	default:
		return "text"
	}
}

// Keys of the settings, as in files: "admin.endpoint" is the key
// endpoint of the section admin.
const (
	KeyEndpoint           = "admin.endpoint"
	KeyInsecure           = "admin.insecure"
	KeyInsecureSkipVerify = "admin.insecureSkipVerify"
	KeyCACertFilePath     = "admin.caCertFilePath"
	KeyHTTPProxyURL       = "admin.httpProxyURL"
	KeyDisableKeyring     = "admin.disableKeyring"
	KeyAuthType           = "admin.authType"
	KeyClientID           = "admin.clientId"
	KeySecretLocation     = "admin.clientSecretLocation"
	KeySecretEnvVar       = "admin.clientSecretEnvVar"
	KeyScopes             = "admin.scopes"
	KeyAudience           = "admin.audience"
	KeyCommand            = "admin.command"
	KeyProxyCommand       = "admin.proxyCommand"
	KeyConsoleEndpoint    = "console.endpoint"
	KeyOrg                = "task.org"
	KeyProject            = "task.project"
	KeyDomain             = "task.domain"
)

// setting is one key, the kind of its value, and the field that the value is put in.
type setting struct {
	key  string
	kind kind
	put  func(c *Config, v value)
}

func settings() []setting {
	return []setting{
		{KeyEndpoint, text, func(c *Config, v value) { c.Endpoint = v.text }},
		{KeyInsecure, boolean, func(c *Config, v value) { c.Insecure = v.flag }},
		{KeyInsecureSkipVerify, boolean, func(c *Config, v value) { c.InsecureSkipVerify = v.flag }},
		{KeyCACertFilePath, path, func(c *Config, v value) { c.CACertFile = v.text }},
		{KeyHTTPProxyURL, text, func(c *Config, v value) { c.ProxyURL = v.text }},
		{KeyDisableKeyring, boolean, func(c *Config, v value) { c.DisableKeyring = v.flag }},
		{KeyAuthType, text, func(c *Config, v value) { c.AuthType = AuthType(v.text) }},
		{KeyClientID, text, func(c *Config, v value) { c.ClientID = v.text }},
		{KeySecretLocation, path, func(c *Config, v value) { c.secretLocation = v.text }},
		{KeySecretEnvVar, text, func(c *Config, v value) { c.secretEnvVar = v.text }},
		{KeyScopes, scopes, func(c *Config, v value) { c.Scopes = v.list }},
		{KeyAudience, text, func(c *Config, v value) { c.Audience = v.text }},
		{KeyCommand, list, func(c *Config, v value) { c.Command = v.list }},
		{KeyProxyCommand, list, func(c *Config, v value) { c.ProxyCommand = v.list }},
		{KeyConsoleEndpoint, text, func(c *Config, v value) { c.ConsoleEndpoint = v.text }},
		{KeyOrg, text, func(c *Config, v value) { c.Org = v.text }},
		{KeyProject, text, func(c *Config, v value) { c.Project = v.text }},
		{KeyDomain, text, func(c *Config, v value) { c.Domain = v.text }},
	}
}

// Variable returns the environment variable of a key: FLYTE_ADMIN_CLIENTID for
// admin.clientId.
func Variable(key string) string {
	return "FLYTE_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// foreign reports whether a section belongs to another tool that shares the file.
func foreign(section string) bool {
	switch section {
	case "image", "local", "logger", "storage":
		return true
	default:
		return false
	}
}
