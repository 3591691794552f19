package connect

import (
	"cmp"
	"context"
	"net/http"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/internal/endpoint"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/flyte"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

// flyteTarget is Flyte's resolver, and what the flags say beside the address.
type flyteTarget struct {
	flyte.Resolver

	insecure bool
	loaded   *flyte.Config // what Plan has read; nil before
}

func (s Settings) flyte() flyteTarget {
	r := flyte.Resolver{
		Endpoint: s.Endpoint, ConfigFile: s.ConfigFile, HasSecret: s.HasSecret, Logger: s.Logger, LookupEnv: s.Lookup, Environ: s.Environ,
	}
	if address, ok := s.addressOfKey(); ok && (s.AddressOfKey || r.Endpoint != "" && !Same(address, r.Endpoint)) {
		r.Endpoint = cmp.Or(r.Endpoint, address)
		r.LookupEnv = without(s.Lookup, flyte.EnvAPIKey) // its secret is not sent elsewhere
	}
	return flyteTarget{Resolver: r, insecure: s.Insecure}
}

// addressOfKey returns the address in the API key of the environment, if there is one.
func (s Settings) addressOfKey() (string, bool) {
	if key, _ := s.Lookup(flyte.EnvAPIKey); key == "" || s.FromKey {
		return "", false
	}
	c, err := flyte.Resolver{ConfigFile: s.ConfigFile, LookupEnv: s.Lookup}.Load()
	if err != nil {
		return "", false // it is reported when it is read again
	}
	return c.Endpoint, true
}

// Same reports whether two addresses are those of one backend.
func Same(x, y string) bool {
	a, err1 := endpoint.Parse(x)
	b, err2 := endpoint.Parse(y)
	return x == y || err1 == nil && err2 == nil && a.Key == b.Key
}

// without returns lookup without a variable.
func without(lookup func(string) (string, bool), name string) func(string) (string, bool) {
	return func(n string) (string, bool) {
		if n == name {
			return "", false
		}
		return lookup(n)
	}
}

// Resolve reads Flyte's configuration.
func (r flyteTarget) Resolve(ctx context.Context, hc *http.Client) (platform.Target, error) {
	if r.loaded != nil {
		for _, w := range r.loaded.Warnings {
			r.Logger.WarnContext(ctx, w.String())
		}
		t, err := r.loaded.Target()
		t.Insecure = t.Insecure || r.insecure
		return t, err
	}
	t, err := r.Resolver.Resolve(ctx, hc)
	t.Insecure = t.Insecure || r.insecure
	return t, err
}

// The variables of this command for systems whose own clients take parameters only. Each
// secret may be in a file instead, which the variable of that name with _FILE names.
const (
	EnvUser     = "JETWAY_USER"
	EnvPassword = "JETWAY_PASSWORD"
	EnvToken    = "JETWAY_TOKEN"
	EnvCookies  = "JETWAY_COOKIES"
	EnvNublado  = "ACCESS_TOKEN" // a Nublado lab has it
)

// inFile is the end of the name of a variable that names a file with a secret.
const inFile = "_FILE"

func (s Settings) kubeflow() (platform.Resolver, error) {
	r := kubeflow.Resolver{Host: s.Endpoint, Logger: s.Logger, LookupEnv: s.Lookup, Environ: s.Environ}
	user := s.variable(s.User, EnvUser)
	switch {
	case s.has(EnvToken):
		r.Token = s.secret(EnvToken)
	case user != "":
		r.Dex = &kubeflow.Dex{Username: user, Password: s.secret(EnvPassword)}
	case s.has(EnvCookies):
		r.Cookies = s.secret(EnvCookies)
	}
	return r, nil
}

func (s Settings) nublado() (platform.Resolver, error) {
	user := s.variable(s.User, EnvUser)
	if user == "" {
		return nil, failure.Exit(failure.Config, errNoUser, "add --user NAME, or set "+EnvUser)
	}
	r := nublado.Resolver{
		Source: nublado.Service{Username: user, Token: s.secret(EnvNublado)},
		Logger: s.Logger, LookupEnv: s.Lookup, Environ: s.Environ,
	}
	if s.Endpoint != "" {
		c, err := repertoire.New(repertoire.Config{BaseURL: s.Endpoint})
		if err != nil {
			return nil, failure.Exit(failure.Config, err, "")
		}
		r.Discovery = c
	}
	return r, nil
}

// variable returns the flag, or else the variable.
func (s Settings) variable(flag, name string) string {
	if flag != "" {
		return flag
	}
	v, _ := s.Lookup(name)
	return v
}

// has reports whether there is a secret of that name.
func (s Settings) has(name string) bool {
	return s.variable("", name) != "" || s.variable("", name+inFile) != ""
}

// secret reads a secret from the file that the variable name_FILE names, or from the
// variable name; it is read again at every login.
func (s Settings) secret(name string) flow.Secret {
	if path := s.variable("", name+inFile); path != "" {
		return flow.SecretFile(path)
	}
	return flow.SecretEnv(name)
}
