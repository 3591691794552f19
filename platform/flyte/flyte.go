// Package flyte reads the configuration that Flyte's own tools use: an API key in
// FLYTE_API_KEY, FLYTE_* variables, and the first config file in the order in
// which flyte-sdk looks for one. Variables win over the file, and no file is needed.
//
// Give a [Resolver] to clientset.For:
//
//	cs, err := clientset.For(ctx, flyte.Resolver{})
//
// [Resolver.Load] returns the [Config] alone, whose Explain lists where each value
// comes from. A file in the working directory may have come with it, from a repository
// for example. Before such a file may run programs, use secrets or weaken TLS, the user
// has to record that it is trusted: see [Trust].
package flyte

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/jetway-go/jetway/platform"
)

// EnvAPIKey holds an API key, which is an endpoint and an OAuth client for it. It
// wins over everything but a [Resolver]'s own fields.
const EnvAPIKey = "FLYTE_API_KEY"

// Resolver finds a Flyte backend by Flyte's configuration. The zero value uses the
// environment and the working directory of the process. It has no state and is safe
// for concurrent use.
type Resolver struct {
	// Endpoint is the backend's address; it wins over variables and files.
	Endpoint string
	// ConfigFile is the file to read instead of searching for one; it is trusted.
	ConfigFile string
	// HasSecret says that the program logs in with a secret of its own. To send that to an
	// address from a file in the working directory, the file must be trusted.
	HasSecret bool
	// Dir is the working directory; empty means that of the process.
	Dir string
	// Home is the home directory; empty means that of the user.
	Home string
	// Trust says which files in the working directory are trusted; nil means a
	// [FileTrust].
	Trust Trust
	// Logger receives a warning about each line of a file that has no effect; nil means
	// that of the client (clientset.WithLogger).
	Logger *slog.Logger
	// LookupEnv reads the environment; nil means os.LookupEnv.
	LookupEnv func(name string) (value string, ok bool)
	// Environ lists the environment as os.Environ does, so that an error about a
	// missing setting can show a variable that is misspelt; nil means os.Environ, or
	// nothing if there is a LookupEnv.
	Environ func() []string
}

var _ platform.Resolver = Resolver{}

// WithLogger returns r with l as its Logger, unless it has one. clientset.For calls it
// with the logger of the client.
func (r Resolver) WithLogger(l *slog.Logger) platform.Resolver {
	r.Logger = cmp.Or(r.Logger, l)
	return r
}

// Resolve reads variables and files; it uses no network. The error is an [*Error]
// that names the variable, or the file and line.
func (r Resolver) Resolve(ctx context.Context, _ *http.Client) (platform.Target, error) {
	c, err := r.Load()
	if err != nil {
		return platform.Target{}, err
	}
	if r.Logger != nil {
		for _, w := range c.Warnings {
			r.Logger.WarnContext(ctx, w.Text, slog.String("file", w.File), slog.Int("line", w.Line))
		}
	}
	return c.Target()
}

// surroundings are the environment and the directories to read from.
type surroundings struct {
	env       func(string) (string, bool)
	environ   func() []string // nil: the names are not known
	dir, home string
	trust     Trust
	secret    bool // the program has one
}

func (r Resolver) surroundings() (surroundings, error) {
	s := surroundings{env: r.LookupEnv, environ: r.Environ, dir: r.Dir, home: r.Home, trust: r.Trust, secret: r.HasSecret}
	if s.env == nil {
		s.env = os.LookupEnv
		if s.environ == nil {
			s.environ = os.Environ
		}
	}
	if s.trust == nil {
		s.trust = FileTrust{}
	}
	if s.home == "" {
		s.home, _ = os.UserHomeDir() // without one, there is no file to find there
	}
	var err error
	if s.dir, err = filepath.Abs(s.dir); err != nil { // that of the process, where empty
		return s, &Error{Where: "working directory", Err: err}
	}
	return s, nil
}

// get returns a variable; a blank one counts as not set.
func (s surroundings) get(name string) string {
	v, _ := s.env(name)
	return strings.TrimSpace(v)
}
