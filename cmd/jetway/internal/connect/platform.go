package connect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/wallaroo"
)

// The platforms.
const (
	Flyte      = "flyte"
	Wallaroo   = "wallaroo"
	Nublado    = "nublado"
	Kubeflow   = "kubeflow"
	JupyterHub = "jupyterhub"
)

// Platforms lists them, for a flag.
func Platforms() []string { return []string{Flyte, Wallaroo, Nublado, Kubeflow, JupyterHub} }

// signs are the variables by which each platform is told from the others, in the order in
// which they are looked at: those that the platform itself sets in its pods come first.
func signs() []struct{ platform, variable string } {
	return []struct{ platform, variable string }{
		{Wallaroo, wallaroo.EnvURL},
		{Wallaroo, wallaroo.EnvCredentials},
		{Nublado, "REPERTOIRE_BASE_URL"},
		{Kubeflow, kubeflow.EnvEndpoint},
		{Kubeflow, kubeflow.EnvTokenPath},
		{JupyterHub, jupyterhub.EnvServiceName},
		{JupyterHub, jupyterhub.EnvAPIURL},
	}
}

// choose says which platform it is, and why.
func (s Settings) choose() (Value, error) {
	if s.Platform != "" {
		if !slices.Contains(Platforms(), s.Platform) {
			return Value{}, failure.Usage("unknown platform %q: want one of %s", s.Platform, strings.Join(Platforms(), ", "))
		}
		return Value{"platform", s.Platform, ""}, nil
	}
	if s.Endpoint != "" || s.ConfigFile != "" {
		return Value{"platform", Flyte, fromDefault}, nil // the address is said, and no platform: the environment is of no concern
	}
	if name, named := s.flyteVariable(); named {
		return Value{"platform", Flyte, fromVariable(name)}, nil // a person sets these, systems set the others
	}
	for _, sign := range signs() {
		if v, _ := s.Lookup(sign.variable); v != "" {
			return Value{"platform", sign.platform, fromVariable(sign.variable)}, nil
		}
	}
	return Value{"platform", Flyte, fromDefault}, nil
}

// resolver returns what reads the platform's conventions.
func (s Settings) resolver(name string) (platform.Resolver, error) {
	switch name {
	case Flyte:
		return s.flyte(), nil
	case Wallaroo:
		return wallaroo.Resolver{APIEndpoint: s.Endpoint, LookupEnv: s.Lookup, Environ: s.Environ}, nil
	case Kubeflow:
		return s.kubeflow()
	case JupyterHub:
		r := jupyterhub.Resolver{Config: jupyterhub.Config{LookupEnv: s.Lookup, Environ: s.Environ}}
		r.APIURL = s.Endpoint
		if s.variable("", jupyterhub.EnvAPIToken+inFile) != "" {
			r.APIToken = s.secret(jupyterhub.EnvAPIToken)
		}
		return r, nil
	case Nublado:
		return s.nublado()
	default:
		return nil, fmt.Errorf("platform %q", name)
	}
}
