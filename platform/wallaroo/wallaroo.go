// Package wallaroo connects to a Wallaroo instance as Wallaroo's own SDK does: with the
// same parameters and environment variables, the same Keycloak realm, and the same
// error texts for missing settings.
//
// Give a [Resolver] to clientset.For. Its zero value reads the environment alone, as
// wallaroo.Client() does:
//
//	cs, err := clientset.For(ctx, wallaroo.Resolver{}, clientset.WithPrompter(wallaroo.Printer(os.Stderr)))
//
// A [Client] calls the instance's API with that login:
//
//	api := wallaroo.NewClient(cs.HTTPClient(), cs.HTTPURL(""))
package wallaroo

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/platform"
)

// Environment variables that a [Resolver] reads.
const (
	// EnvAuthType is how to log in: see [AuthType].
	EnvAuthType = "WALLAROO_SDK_AUTH_TYPE"
	// EnvURL is the API endpoint.
	EnvURL = "WALLAROO_URL"
	// EnvAuthURL is the address of Keycloak, where it is not the API endpoint's.
	EnvAuthURL = "WALLAROO_AUTH_URL"
	// EnvUser and EnvPassword are used by [UserPassword]; they win over a file.
	EnvUser     = "WALLAROO_USER"
	EnvPassword = "WALLAROO_PASSWORD"
	// EnvCredentials is the path of a JSON file: with username and password for
	// [UserPassword], with token, user_email and user_id for [Token].
	EnvCredentials = "WALLAROO_SDK_CREDENTIALS"
	// EnvDisplayURL replaces "<Keycloak>/auth" in the address that the user is shown,
	// for networks where programs and browsers reach Keycloak under different names.
	EnvDisplayURL = "WALLAROO_SDK_AUTH_ENDPOINT"
	// EnvRequestTimeout is how long a request to Keycloak may take, in seconds.
	EnvRequestTimeout = "WALLAROO_REQUEST_TIMEOUT"
	// EnvTaskID is set in Wallaroo's own batch tasks, which are not supported.
	EnvTaskID = "WALLAROO_TASK_ID"
)

// maxTimeout is the longest that is accepted; anything longer is a mistake.
const maxTimeout = 24 * time.Hour

// expirySkew is how long before its expiry a token is no longer used.
const expirySkew = 10 * time.Second

// Resolver finds a Wallaroo instance and a way to log in there. The fields are
// the parameters of wallaroo.Client(): each wins over its environment variable, and a
// blank one counts as not set. It has no state and is safe for concurrent use.
type Resolver struct {
	// APIEndpoint is the instance, with or without scheme (https by default) and
	// trailing slash.
	APIEndpoint string
	// AuthType is how to log in.
	AuthType AuthType
	// AuthEndpoint is the address of Keycloak; empty means the API endpoint's.
	AuthEndpoint string
	// PKCE binds device codes to this program (RFC 7636), for realms that require it.
	PKCE bool
	// RequestTimeout is how long a request to Keycloak may take; zero means
	// [EnvRequestTimeout], and without that the timeout of the HTTP client. It extends
	// no other limit: a login by password, or a refresh, may take half a minute.
	RequestTimeout time.Duration
	// LookupEnv reads the environment; nil means os.LookupEnv.
	LookupEnv func(name string) (value string, ok bool)
	// Environ lists the environment as os.Environ does, so that an error about a
	// missing setting can show a variable that is misspelt; nil means os.Environ, or
	// nothing if there is a LookupEnv.
	Environ func() []string
}

var _ platform.Resolver = Resolver{}

// Resolve reads parameters, environment and files; it uses no network. Without an
// auth type or an endpoint the error is [ErrMissing] itself, or wraps it where a
// variable with a misspelt name is set. Every other error is an [*Error] that names
// the parameter, variable or file.
func (r Resolver) Resolve(context.Context, *http.Client) (platform.Target, error) {
	in, err := r.read()
	if err != nil {
		return platform.Target{}, err
	}
	t := platform.Target{
		Endpoint:             in.api.target(),
		HTTPBase:             in.api.String(), // the one origin: Keycloak needs no token of this kind
		Rejected:             Rejected,
		PlaintextCredentials: in.api.inCluster(),
		ExpirySkew:           expirySkew,
		Settings:             platform.Settings{Endpoint: EnvURL},
	}
	if in.logsIn() {
		t.Config = in.config()
	}
	t.Flow, t.User, err = in.flow(r.PKCE)
	return t, err
}

// input is what the parameters and the environment say together.
type input struct {
	env      environment
	authType AuthType
	api      address
	keycloak address
	display  string        // replaces <Keycloak>/auth in addresses for the user; empty: no change
	timeout  time.Duration // of a request to Keycloak; zero leaves it to the HTTP client
}

func (r Resolver) read() (input, error) {
	env := r.environment()
	authType := env.first(value{string(r.AuthType), "auth_type"}, EnvAuthType)
	api := env.first(value{r.APIEndpoint, "api_endpoint"}, EnvURL)
	if authType.text == "" || api.text == "" {
		return input{}, env.missing(authType, api)
	}
	if env.get(EnvTaskID) != "" {
		return input{}, &Error{Input: EnvTaskID, Err: errTask}
	}
	in := input{env: env}
	var err error
	if in.authType, err = parseAuthType(authType); err != nil {
		return input{}, err
	}
	if in.api, err = parseAddress(api); err != nil {
		return input{}, err
	}
	in.keycloak = in.api
	if a := env.first(value{r.AuthEndpoint, "auth_endpoint"}, EnvAuthURL); a.text != "" {
		api = a
		if in.keycloak, err = parseAddress(a); err != nil {
			return input{}, err
		}
	}
	if in.logsIn() && !in.keycloak.safe() {
		return input{}, &Error{Input: api.from, Err: errPlaintext}
	}
	if in.timeout, err = r.timeout(env); err != nil {
		return input{}, err
	}
	if shown := env.get(EnvDisplayURL); shown != "" {
		a, err := parseAddress(value{shown, EnvDisplayURL})
		if err != nil {
			return input{}, err
		}
		in.display = a.String()
	}
	return in, nil
}

// logsIn reports whether the login makes requests to Keycloak.
func (in input) logsIn() bool { return in.authType == SSO || in.authType == UserPassword }

// timeout returns that of a request to Keycloak; zero if none is set.
func (r Resolver) timeout(env environment) (time.Duration, error) {
	if r.RequestTimeout < 0 {
		return 0, &Error{Input: "request_timeout", Err: errTimeout}
	}
	text := env.get(EnvRequestTimeout)
	if r.RequestTimeout != 0 || text == "" {
		return r.RequestTimeout, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds > 0 && seconds <= maxTimeout.Seconds()) { // not even a number
		return 0, &Error{Input: EnvRequestTimeout, Err: errTimeout}
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// config returns the endpoints of Keycloak's realm. They have https, since flows send
// secrets to nothing else; [transport] handles the one address that has no TLS.
func (in input) config() configstore.ClientConfig {
	at := in.keycloak
	if at.inCluster() {
		at.scheme = "https"
	}
	realm := at.String() + "/auth/realms/master/protocol/openid-connect/"
	return configstore.ClientConfig{
		ClientID:                    "sdk-client",
		TokenEndpoint:               realm + "token",
		DeviceAuthorizationEndpoint: realm + "auth/device",
		RevocationEndpoint:          realm + "revoke",
	}
}
