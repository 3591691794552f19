package mock

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/control"
	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/mockserver/presets"
	"github.com/jetway-go/jetway/mockserver/seed"
)

// The variables with secrets. None is a flag, since other users of the machine can see
// those.
const (
	EnvSecret     = "JETWAY_MOCK_CLIENT_SECRET"
	EnvPassword   = "JETWAY_MOCK_PASSWORD"
	EnvProxyToken = "JETWAY_MOCK_PROXY_TOKEN"
	EnvControl    = "JETWAY_MOCK_CONTROL_SECRET"
)

// Flags are what the mock can be told. Define adds them to a flag set, Read the secrets.
type Flags struct {
	// Format is that of how to connect; zero means lines for people.
	Format show.Format

	address, httpAddress, unix string

	tls                    bool
	caFile, clientCertFile string
	front                  bool

	client, secret, scopes, audience, headerKey string

	login, password, autoApprove, proxyToken string

	ttl, latency time.Duration

	opaque, open, strict, demo bool

	like     string
	data     string
	console  bool
	projects []string
	origins  []string
	quirks   []string
	faults   []string

	seedFile, readyFile string
	seeds               *seed.File // read from seedFile; nil without one

	control       bool
	controlSecret string
	// Of an earlier start with the same --data, or new; see recall.
	keptSecret, keptPassword string
}

// Read reads the secrets from the environment; without them random ones are made.
func (f *Flags) Read(lookup func(string) (string, bool)) {
	f.secret, _ = lookup(EnvSecret)
	f.password, _ = lookup(EnvPassword)
	f.proxyToken, _ = lookup(EnvProxyToken)
	if f.controlSecret, _ = lookup(EnvControl); f.controlSecret == "" {
		f.controlSecret = rand.Text()
	}
}

// Define adds the flags to c.
func (f *Flags) Define(c *cobra.Command) {
	set := c.Flags()
	set.StringVar(&f.address, "address", "127.0.0.1:0", "`host:port` of the gRPC services; port 0 picks a free one")
	set.StringVar(&f.httpAddress, "http-address", "127.0.0.1:0",
		"`host:port` of the authorization server, the object store and the index page")
	set.StringVar(&f.unix, "unix", "", "`path` of a unix socket for the gRPC services, instead of --address")
	set.BoolVar(&f.tls, "tls", false, "serve over TLS, with a new certificate authority; needs --ca-file")
	set.StringVar(&f.caFile, "ca-file", "", "`file` to write the authority's certificate to (PEM)")
	set.StringVar(&f.clientCertFile, "client-cert-file", "",
		"demand client certificates, and write one with its key to this `file` (PEM); needs --tls")
	set.BoolVar(&f.front, "http-front", true,
		"serve gRPC-Web, Connect and the authorization server too on the port of the gRPC services; false is grpc-go's own server")
	set.StringArrayVar(&f.origins, "allow-origin", nil,
		"web `origin` whose pages may call Flyte's services, such as http://localhost:5173; repeatable")
	set.StringVar(&f.client, "client", mockserver.DefaultClientID, "client `ID`")
	set.StringVar(&f.scopes, "scopes", mockserver.DefaultScope, "`scopes` of the client, separated by spaces; calls need them")
	set.StringVar(&f.login, "login", mockserver.DefaultLogin, "`name` of the user who can log in on the pages")
	set.StringVar(&f.autoApprove, "auto-approve", "", "`name` of a user for whom every login is approved without the pages")
	set.StringArrayVar(&f.quirks, "quirk", nil, "`name` of a deviation of some real authorization server, such as errors-as-200; repeatable")
	set.StringVar(&f.audience, "audience", "", "`audience` that access tokens must have")
	set.StringVar(&f.headerKey, "header-key", "authorization", "metadata `key` that carries the access token")
	set.DurationVar(&f.ttl, "token-ttl", time.Hour, "`lifetime` of access tokens")
	set.DurationVar(&f.latency, "token-latency", 0, "`time` that the token endpoint takes to answer")
	set.BoolVar(&f.opaque, "opaque", false, "issue opaque access tokens instead of JWTs")
	set.BoolVar(&f.open, "open", false, "serve calls without an access token too")
	set.BoolVar(&f.strict, "strict", false, "enforce the contract's validation rules")
	set.StringVar(&f.like, "like", string(mockserver.All),
		"serve what a server of this kind does: `all` that the mock has, or what a current server of Flyte 2 mounts: current")
	set.BoolVar(&f.demo, "demo", false, "create the project demo with the tasks hello and broken, to try things out")
	set.StringVar(&f.data, "data", "",
		"`file` to keep the state in, test secrets among it: projects, runs and logins outlive the mock; by default all is in memory")
	set.BoolVar(&f.console, "console", false,
		"serve a page at /console that shows requests, logins and runs as they happen, and print its address; loopback only; on with --demo")
	set.StringArrayVarP(&f.projects, "project", "p", nil, "`ID` of a project to create; repeatable")
	set.StringVar(&f.seedFile, "seed", "", "YAML `file` with projects, tasks, runs, secrets, clients and users to begin with")
	set.StringArrayVar(&f.faults, "fault", nil,
		"`name` of a fault to begin with, such as flaky or token-endpoint-down; any other word lists them; repeatable")
	set.BoolVar(&f.control, "control", false, "serve jetway.mock.v1.ControlService, by which tests in any language change the faults")
	f.complete(c)
	set.StringVar(&f.readyFile, "ready-file", "", "`file` to write as soon as the mock serves: how to connect, in JSON, secrets included")
}

// complete has a shell complete the flags with a list of values.
func (f *Flags) complete(c *cobra.Command) {
	var deviations []string
	for _, q := range oauth.Quirks() {
		deviations = append(deviations, string(q))
	}
	for name, values := range map[string][]string{
		"fault": faultNames(), "quirk": deviations, "like": {string(mockserver.All), string(mockserver.Current)},
	} {
		// The error is that of a flag which the command does not have.
		_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
}

// Check returns an error if flags of c contradict each other.
func (f *Flags) Check(c *cobra.Command) error {
	for _, name := range f.quirks {
		if !slices.Contains(oauth.Quirks(), oauth.Quirk(name)) {
			return fmt.Errorf("--quirk %q: want one of %v", name, oauth.Quirks())
		}
	}
	if err := f.checkFaults(); err != nil {
		return err
	}
	f.console = f.console || f.demo && !c.Flags().Changed("console") && f.localOnly()
	switch {
	case slices.Contains(f.projects, ""):
		return errors.New("--project: a project needs an ID")
	case f.like != string(mockserver.All) && f.like != string(mockserver.Current):
		return fmt.Errorf("--like %q: want %q or %q", f.like, mockserver.All, mockserver.Current)
	case len(f.origins) > 0 && !f.front:
		return errors.New("--allow-origin needs --http-front: browsers cannot call grpc-go's own server")
	case f.data == "" && c.Flags().Changed("data"):
		return errors.New("--data needs the name of a file")
	case f.ttl == 0: // which the mock would take for its default
		return errors.New("--token-ttl 0: want whole seconds, at least one")
	case f.ttl < time.Second || f.ttl%time.Second != 0:
		return fmt.Errorf("--token-ttl %v: want whole seconds, at least one", f.ttl)
	case f.client == "":
		return errors.New("--client: a client needs an ID")
	case f.login == "":
		return errors.New("--login: a user needs a name")
	case f.latency < 0:
		return fmt.Errorf("--token-latency %v: want 0 or more", f.latency)
	case f.headerKey == "" || strings.Trim(strings.ToLower(f.headerKey), "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "":
		return fmt.Errorf("--header-key %q: want letters, digits, and - _ . only", f.headerKey)
	case f.unix != "" && c.Flags().Changed("address"):
		return errors.New("--unix and --address both say where the gRPC services listen: give one of them")
	case f.tls != (f.caFile != ""):
		return errors.New("--tls and --ca-file need each other: clients need the certificate in that file to trust the server")
	case f.clientCertFile != "" && !f.tls:
		return errors.New("--client-cert-file needs --tls and --ca-file: certificates are part of TLS")
	default:
		return nil
	}
}

// oauth returns the configuration of the authorization server.
func (f *Flags) oauth() oauth.Config {
	ttl := f.ttl
	for _, fault := range f.chosen() {
		ttl = cmp.Or(fault.TokenTTL, ttl)
	}
	return oauth.Config{
		Clients:     f.clients(),
		Accounts:    f.accounts(),
		AutoApprove: f.autoApprove,
		Quirks:      quirks(f.quirks),
		TokenTTL:    ttl,
		Opaque:      f.opaque,
	}
}

func quirks(names []string) []oauth.Quirk {
	out := make([]oauth.Quirk, len(names))
	for i, name := range names {
		out[i] = oauth.Quirk(name)
	}
	return out
}

func (f *Flags) options() []mockserver.Option {
	options := []mockserver.Option{
		mockserver.WithAddress(f.address),
		mockserver.WithHTTPAddress(f.httpAddress),
		mockserver.WithOAuth(f.oauth()),
		mockserver.WithRequiredScopes(strings.Fields(f.scopes)...),
		mockserver.WithAudience(f.audience),
		mockserver.WithHeaderKey(f.headerKey),
		mockserver.WithServices(mockserver.Services(f.like)),
		mockserver.WithProject(f.projects...),
		mockserver.WithProxyAuth(f.proxyToken),
	}
	if f.control {
		options = append(options, control.Enable(f.controlSecret))
	} else {
		options = append(options, mockserver.WithRequestLog(0)) // no program can read it
	}
	for _, o := range []struct {
		on     bool
		option mockserver.Option
	}{
		{f.unix != "", mockserver.WithUnixSocket(f.unix)},
		{f.tls, mockserver.WithTLS()},
		{f.clientCertFile != "", mockserver.WithMutualTLS()},
		{f.front || slices.ContainsFunc(f.chosen(), func(p presets.Preset) bool { return p.NeedsFront }), mockserver.WithHTTPFront()},
		{len(f.origins) > 0, mockserver.WithAllowedOrigins(f.origins...)},
		{f.open, mockserver.WithOpenAccess()},
		{f.strict, mockserver.WithStrict()},
		{f.console, mockserver.WithRequestLog(consoleLog)},
	} {
		if o.on {
			options = append(options, o.option)
		}
	}
	return options
}
