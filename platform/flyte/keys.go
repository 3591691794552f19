package flyte

import "strings"

// kind is what a setting holds.
type kind int

const (
	text kind = iota
	boolean
	list
)

// Keys of the settings, as they stand in files: "admin.endpoint" is the key
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

// setting is one key and what it holds.
type setting struct {
	key  string
	kind kind
}

func settings() []setting {
	return []setting{
		{KeyEndpoint, text},
		{KeyInsecure, boolean},
		{KeyInsecureSkipVerify, boolean},
		{KeyCACertFilePath, text},
		{KeyHTTPProxyURL, text},
		{KeyDisableKeyring, boolean},
		{KeyAuthType, text},
		{KeyClientID, text},
		{KeySecretLocation, text},
		{KeySecretEnvVar, text},
		{KeyScopes, list},
		{KeyAudience, text},
		{KeyCommand, list},
		{KeyProxyCommand, list},
		{KeyConsoleEndpoint, text},
		{KeyOrg, text},
		{KeyProject, text},
		{KeyDomain, text},
	}
}

// Variable is the environment variable of a key: FLYTE_ADMIN_CLIENTID for
// admin.clientId.
func Variable(key string) string {
	return "FLYTE_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// foreign are sections of other tools that share the file.
func foreign(section string) bool {
	switch section {
	case "image", "logger", "storage":
		return true
	default:
		return false
	}
}
