package flyte

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/internal/guess"
)

// Target returns what clientset.For needs. The error is an [*Error]: it wraps
// [ErrNoEndpoint] or [ErrUntrusted], or names what is missing to log in.
func (c *Config) Target() (platform.Target, error) {
	if c.Endpoint == "" {
		return platform.Target{}, c.noEndpoint()
	}
	if err := c.agreement(); err != nil {
		return platform.Target{}, err
	}
	if err := c.trusted(); err != nil {
		return platform.Target{}, err
	}
	f, err := c.flow()
	if err != nil {
		return platform.Target{}, err
	}
	t := platform.Target{
		Endpoint: c.Endpoint, Flow: f, Org: c.Org,
		Config:   configstore.ClientConfig{ClientID: c.ClientID, Scopes: c.Scopes, Audience: c.Audience},
		Insecure: c.Insecure, InsecureSkipVerify: c.InsecureSkipVerify, CAFile: c.CACertFile, ProxyURL: c.ProxyURL,
		NoKeyring: c.DisableKeyring, Console: c.ConsoleEndpoint,
		Settings: platform.Settings{
			Endpoint: Variable(KeyEndpoint), Insecure: Variable(KeyInsecure), CAFile: Variable(KeyCACertFilePath),
			ProxyURL: Variable(KeyHTTPProxyURL), Console: Variable(KeyConsoleEndpoint),
		},
	}
	if len(c.ProxyCommand) > 0 {
		t.ProxyFlow = flow.Command{Argv: c.ProxyCommand}
	}
	return t, nil
}

func (c *Config) noEndpoint() error {
	names := []string{EnvAPIKey}
	if c.File == "" {
		names = append(names, EnvUCTLConfig, EnvFlytectlConfig)
	}
	text := fmt.Sprintf("set it, or %s, or %s in %s", EnvAPIKey, KeyEndpoint, c.aFile())
	return &Error{Where: Variable(KeyEndpoint), Err: fmt.Errorf(
		"%w: %s", ErrNoEndpoint, guess.After(text, c.misspelt([]string{KeyEndpoint}, names...)))}
}

// agreement returns an error if the endpoint's scheme and admin.insecure contradict each
// other. An endpoint that the program sets wins over admin.insecure, and may have
// http://.
func (c *Config) agreement() error {
	scheme, _, _ := strings.Cut(strings.ToLower(c.Endpoint), "://")
	insecure, given := c.origins[KeyInsecure], c.origins[KeyEndpoint].From == fromParameter
	if insecure.From == "" || c.Insecure && scheme != "https" || !c.Insecure && (scheme != "http" || given) {
		return nil
	}
	return &Error{Where: insecure.From, Err: fmt.Errorf("%s is %t, but %s says %s://; remove one of them",
		KeyInsecure, c.Insecure, c.origins[KeyEndpoint].From, scheme)}
}

func (c *Config) aFile() string {
	if c.File != "" {
		return c.File
	}
	return "a config file"
}

// flow returns how to log in; nil means that the program chooses.
func (c *Config) flow() (auth.Flow, error) {
	switch c.AuthType {
	case Pkce:
		return flow.PKCE{}, nil
	case DeviceFlow:
		return flow.DeviceCode{}, nil
	case ExternalCommand:
		if len(c.Command) == 0 {
			return nil, c.missing(KeyCommand, "the program that prints a token")
		}
		return flow.Command{Argv: c.Command}, nil
	case ClientSecret:
		if c.ClientID == "" {
			return nil, c.missing(KeyClientID, "the name of the OAuth client")
		}
		secret, err := c.secret()
		if err != nil {
			return nil, err
		}
		return flow.ClientCredentials{ClientID: c.ClientID, Secret: secret}, nil
	default:
		return nil, nil //nolint:nilnil // what Target.Flow means by "the program decides"
	}
}

// secret returns the client secret of the API key, else of the variable, else of the
// file.
func (c *Config) secret() (flow.Secret, error) {
	if c.apiKey.Endpoint != "" {
		return flow.SecretValue(c.apiKey.Secret.Reveal()), nil
	}
	if c.secretEnvVar != "" {
		if text, _ := c.at.env(c.secretEnvVar); text != "" {
			return flow.SecretValue(text), nil
		}
	}
	switch {
	case c.secretLocation != "":
		return flow.SecretFile(c.secretLocation), nil
	case c.secretEnvVar != "":
		return flow.Secret{}, &Error{Where: c.secretEnvVar, Err: fmt.Errorf(
			"is not set, but %s says that it holds the client secret (%s)", KeySecretEnvVar, c.origins[KeySecretEnvVar].From)}
	default:
		return flow.Secret{}, c.missing(KeySecretLocation, "the file with the client secret, or "+
			Variable(KeySecretEnvVar)+" to the name of a variable that holds it", KeySecretEnvVar)
	}
}

// missing is the error of a login that lacks key, or one of the keys instead of it.
func (c *Config) missing(key, what string, instead ...string) error {
	text := fmt.Sprintf("is not set, but %s is %s: set %s to %s, or %s in %s",
		KeyAuthType, c.AuthType, Variable(key), what, key, c.aFile())
	return &Error{Where: key, Err: errors.New(guess.After(text, c.misspelt(append(instead, key))))}
}

// trusted returns an error if a file in the working directory has settings that require
// trust, and is not trusted.
func (c *Config) trusted() error {
	if !c.file.local {
		return nil
	}
	sensitive := []string{KeyCommand, KeyProxyCommand, KeySecretLocation, KeySecretEnvVar, KeyInsecureSkipVerify, KeyCACertFilePath}
	if c.hasSecret() || c.at.secret || len(c.Command) > 0 || len(c.ProxyCommand) > 0 {
		// A secret from another place must not be sent to an address from this file.
		sensitive = append(sensitive, KeyEndpoint, KeyInsecure, KeyHTTPProxyURL)
	}
	var keys []string
	for _, key := range sensitive {
		if o := c.origins[key]; o.Line > 0 {
			keys = append(keys, fmt.Sprintf("%s (line %d)", key, o.Line))
		}
	}
	if len(keys) == 0 {
		return nil
	}
	ok, err := c.at.trust.Trusted(c.file.path, c.file.content)
	switch {
	case err != nil:
		return &Error{Where: c.file.path, Err: errors.Join(ErrUntrusted, err)}
	case !ok:
		return &Error{Where: c.file.path, Err: fmt.Errorf("%w: it lies in the working directory and sets %s;"+
			" read it, and record that you trust it as it is (FileTrust.Record), or name it in %s",
			ErrUntrusted, strings.Join(keys, ", "), EnvFlytectlConfig)}
	}
	return nil
}
