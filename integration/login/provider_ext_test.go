package login_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// Who is registered at every server. The machine's secret holds what clients and
// servers get wrong when they put it into a header.
const (
	personClient  = "jetway-person" // public
	machineClient = "jetway-machine"
	machineSecret = "s3cret: %+&=/~!" // printable ASCII, as RFC 6749 appendix A.2 has it
	signerClient  = "jetway-signer"   // proves itself by a key
	resourceID    = "jetway-backend"  // who introspects
	resourceKey   = "the-backends-own-secret"

	user     = "ann@example.com"
	other    = "bob@example.com"
	password = "correct horse battery staple"

	scope    = "all"
	resource = "https://flyte.example.com"
)

// provider is an authorization server that runs.
type provider struct {
	name   string
	issuer string
	traits traits
	// verify is how a backend finds out what a token is worth.
	verify serverauth.Verifier
	// again starts another of its kind, for scenarios that want something else of it.
	again func(t *testing.T, s settings) *provider
}

// settings are what a scenario may want of a server.
type settings struct {
	tokenTTL time.Duration // of access tokens; zero means an hour
	signer   *signer       // whose key the signing client has
}

// traits are how one server differs from the others. The zero value of a field is
// the strict, modern answer, so a table shows what is missing or odd.
type traits struct {
	// NoRFC8414 publishes the OpenID Connect document only.
	NoRFC8414 bool
	// NoIss neither promises nor sends iss (RFC 9207).
	NoIss bool
	// NoRevocation has no revocation endpoint.
	NoRevocation bool
	// NoDevice has no device flow.
	NoDevice bool
	// NoResource does not know the parameter of RFC 8707.
	NoResource bool
	// NoPKCE takes a code without its verifier.
	NoPKCE bool

	// MachineRefusal, PasswordRefusal, SignerRefusal and ExchangeRefusal are the
	// error codes of grants that the server does not have; empty means it has.
	MachineRefusal, PasswordRefusal, SignerRefusal, ExchangeRefusal string
	// WrongPassword and UsedRefreshToken are its error codes for those.
	WrongPassword, UsedRefreshToken string
	// ReuseForgiven lets a login live on after a used refresh token came again.
	ReuseForgiven bool
	// OneLogin gives a person one refresh token for each client: the next login on
	// another machine ends it.
	OneLogin bool
	// DenialUntold says that a person's "no" never reaches the client.
	DenialUntold bool
	// DeviceDenialUntold is the same for the device flow.
	DeviceDenialUntold bool

	// RedirectURI is what the public client may use, with any port.
	RedirectURI string
	// PersonScopes and PersonExtra get a refresh token.
	PersonScopes []string
	PersonExtra  url.Values
}

// starts are the servers, each started with what differs between scenarios.
var starts = map[string]func(t *testing.T, s settings) *provider{
	"mock":          startMock,
	"mock like dex": startMockLikeDex,
	"oidc-provider": startOIDCProvider,
	"dex":           startDex,
}

// config is what a program is told or finds out: the published document, and who
// it is there.
func (p *provider) config(w *wire, clientID string, scopes ...string) configstore.ClientConfigStore {
	return configstore.Overlay(configstore.Cached(configstore.Discovery(p.issuer, w.client()), time.Hour), configstore.ClientConfig{
		ClientID: clientID, Scopes: scopes, RedirectURI: p.traits.RedirectURI,
	})
}
