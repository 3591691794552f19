package connect

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/platform/flyte"
	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/wallaroo"
)

var errNoUser = errors.New("no user: Nublado needs the name of the token's user")

// explain adds the way out to an error of settings, in the words of this command.
func (p *Plan) explain(err error) error {
	switch {
	case errors.Is(err, flyte.ErrNoEndpoint):
		return failure.Exit(failure.Config, err,
			"add --endpoint HOST, or: jetway profile add NAME --endpoint HOST; jetway mock runs a backend to try")
	case errors.Is(err, flyte.ErrUntrusted):
		return failure.Exit(failure.Config, err, "read the file; if you trust it as it is, run: jetway config trust "+p.File)
	case isSetting(err):
		return failure.Exit(failure.Config, err, Advice(p.Platform))
	default:
		return err
	}
}

// isSetting reports whether err is of what a platform's conventions are read from.
func isSetting(err error) bool {
	return errors.Is(err, wallaroo.ErrMissing) || is[*wallaroo.Error](err) || is[*nublado.Error](err) ||
		is[*kubeflow.Error](err) || is[*jupyterhub.Error](err) || is[*flyte.Error](err)
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// Advice says how a person gives this command the credentials for a platform; empty for
// Flyte, where jetway login says so itself.
func Advice(platform string) string {
	secrets := func(names ...string) string { return strings.Join(names, ", ") }
	switch platform {
	case Wallaroo:
		return "set " + secrets(wallaroo.EnvURL, wallaroo.EnvAuthType) + ", and for user_password " +
			secrets(wallaroo.EnvUser, wallaroo.EnvPassword) + " or the file " + wallaroo.EnvCredentials
	case Nublado:
		return "set " + secrets(EnvUser, EnvNublado) + " or the file " + EnvNublado + inFile + "; and --endpoint HOST outside of a lab"
	case Kubeflow:
		return "set " + secrets(kubeflow.EnvEndpoint) + ", and to log in one of: " +
			secrets(kubeflow.EnvTokenPath, EnvToken, EnvUser+" with "+EnvPassword, EnvCookies) +
			"; with " + inFile + " behind the name of a secret, a file"
	case JupyterHub:
		return "set " + secrets(jupyterhub.EnvAPIURL, jupyterhub.EnvAPIToken) + " or the file " + jupyterhub.EnvAPIToken + inFile
	default:
		return ""
	}
}

// reasons says why it is this platform, and what the person calls the address.
func (s Settings) reasons(values []Value) (from, address string) {
	for _, v := range values {
		switch {
		case v.Key == "platform":
			from = v.Source
		case v.Key == "endpoint" && v.Source == fromFlag:
			address = "--endpoint"
		case v.Key == "endpoint":
			address = v.Source
		}
	}
	return from, address
}

// withoutSecrets returns a setting without the user information and the query of an address: what
// is wrong with it is said where it is used, and this is shown to others.
func withoutSecrets(text string) string {
	address, _, query := strings.Cut(text, "?")
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		scheme, _, ok := strings.Cut(address, "://")
		address = "[redacted]" + address[at:]
		if ok {
			address = scheme + "://" + address
		}
	}
	if query {
		address += "?[redacted]"
	}
	return address
}

// IsThisCommand reports whether a flow runs jetway itself, as a config file for programs in
// other languages may say: here that would never end.
func IsThisCommand(f auth.Flow) bool {
	c, ok := f.(flow.Command)
	return ok && len(c.Argv) > 0 && strings.TrimSuffix(filepath.Base(c.Argv[0]), ".exe") == "jetway"
}
