package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

type flags struct {
	address, httpAddress, unix string

	tls                    bool
	caFile, clientCertFile string
	front                  bool

	client, secret, scopes, audience, headerKey string

	login, password, autoApprove, proxyToken string

	ttl, latency time.Duration

	opaque, open, strict, json, verbose bool

	services string
	projects []string
	quirks   []oauth.Quirk
}

// parse reads the flags. It writes the usage to stderr for -h only; the error of a
// wrong flag is its caller's to print.
func parse(args []string, stderr io.Writer) (*flags, error) {
	f := &flags{}
	set := flag.NewFlagSet("mockserver", flag.ContinueOnError)
	set.SetOutput(io.Discard) // the set would print each error, and the usage after it
	set.Usage = func() {}
	f.define(set)
	switch err := set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		usage(set, stderr)
		return nil, err
	case err != nil:
		return nil, err
	}
	if err := f.check(set); err != nil {
		return nil, err
	}
	return f, nil
}

func usage(set *flag.FlagSet, to io.Writer) {
	fmt.Fprint(to, "Usage: mockserver [flags]\n\n"+
		"Runs the mock backend until it is interrupted. As soon as it serves, it prints to\n"+
		"standard output how to connect. Its HTTP address has a page that lists what it serves.\n\n")
	set.SetOutput(to)
	set.PrintDefaults()
}

func (f *flags) define(set *flag.FlagSet) {
	set.StringVar(&f.address, "address", "127.0.0.1:0", "`host:port` of the gRPC services; port 0 picks a free one")
	set.StringVar(&f.httpAddress, "http-address", "127.0.0.1:0",
		"`host:port` of the authorization server, the object store and the index page")
	set.StringVar(&f.unix, "unix", "", "`path` of a unix socket for the gRPC services, instead of -address")
	set.BoolVar(&f.tls, "tls", false, "serve over TLS, with a new certificate authority; needs -ca-file")
	set.StringVar(&f.caFile, "ca-file", "", "`file` to write the authority's certificate to (PEM)")
	set.StringVar(&f.clientCertFile, "client-cert-file", "",
		"demand client certificates, and write one with its key to this `file` (PEM); needs -tls")
	set.BoolVar(&f.front, "http-front", false, "serve gRPC through net/http, with the authorization server on the same port")
	set.StringVar(&f.client, "client", mockserver.DefaultClientID, "client `ID`")
	set.StringVar(&f.secret, "secret", "", "client `secret`; other users of this machine can see it; the default is a random one")
	set.StringVar(&f.scopes, "scopes", mockserver.DefaultScope, "`scopes` of the client, separated by spaces; calls need them")
	set.StringVar(&f.login, "login", mockserver.DefaultLogin, "`name` of the user who can log in on the pages")
	set.StringVar(&f.password, "password", "", "`password` of that user; other users of this machine can see it; the default is a random one")
	set.StringVar(&f.autoApprove, "auto-approve", "", "`name` of a user for whom every login is approved without the pages")
	set.StringVar(&f.proxyToken, "proxy-token", "",
		"act as a proxy that demands this `token` in proxy-authorization; other users of this machine can see it")
	set.Func("quirk", "`name` of a deviation of some real authorization server, such as errors-as-200; repeatable", func(name string) error {
		if !slices.Contains(oauth.Quirks(), oauth.Quirk(name)) {
			return fmt.Errorf("want one of %v", oauth.Quirks())
		}
		f.quirks = append(f.quirks, oauth.Quirk(name))
		return nil
	})
	set.StringVar(&f.audience, "audience", "", "`audience` that access tokens must have")
	set.StringVar(&f.headerKey, "header-key", "authorization", "metadata `key` that carries the access token")
	set.DurationVar(&f.ttl, "token-ttl", time.Hour, "`lifetime` of access tokens")
	set.DurationVar(&f.latency, "token-latency", 0, "`time` that the token endpoint takes to answer")
	set.BoolVar(&f.opaque, "opaque", false, "issue opaque access tokens instead of JWTs")
	set.BoolVar(&f.open, "open", false, "serve calls without an access token too")
	set.BoolVar(&f.strict, "strict", false, "enforce the contract's validation rules")
	set.StringVar(&f.services, "services", string(mockserver.All),
		"`all` services that the mock has, or those that a current server of Flyte 2 mounts: current")
	set.BoolVar(&f.json, "json", false, "print how to connect as one JSON object")
	set.BoolVar(&f.verbose, "v", false, "log every request to standard error")
	set.Func("project", "`ID` of a project to create; repeatable", func(id string) error {
		if id == "" {
			return errors.New("a project needs an ID")
		}
		f.projects = append(f.projects, id)
		return nil
	})
}

func (f *flags) check(set *flag.FlagSet) error {
	switch {
	case set.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: there are flags only", set.Arg(0))
	case f.services != string(mockserver.All) && f.services != string(mockserver.Current):
		return fmt.Errorf("-services %q: want %q or %q", f.services, mockserver.All, mockserver.Current)
	case f.unix != "" && given(set, "address"):
		return errors.New("-unix and -address both say where the gRPC services listen: give one of them")
	case f.tls != (f.caFile != ""):
		return errors.New("-tls and -ca-file need each other: clients need the certificate in that file to trust the server")
	case f.clientCertFile != "" && !f.tls:
		return errors.New("-client-cert-file needs -tls and -ca-file: certificates are part of TLS")
	default:
		return nil
	}
}

func given(set *flag.FlagSet, name string) bool {
	found := false
	set.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// oauth returns the configuration of the authorization server.
func (f *flags) oauth() oauth.Config {
	return oauth.Config{
		Clients: []oauth.Client{{
			ID: f.client, Secret: cmp.Or(f.secret, rand.Text()), Scopes: strings.Fields(f.scopes),
		}},
		Accounts:    []oauth.Account{{Login: f.login, Password: cmp.Or(f.password, rand.Text())}},
		AutoApprove: f.autoApprove,
		Quirks:      f.quirks,
		TokenTTL:    f.ttl,
		Opaque:      f.opaque,
	}
}

func (f *flags) options() []mockserver.Option {
	options := []mockserver.Option{
		mockserver.WithAddress(f.address),
		mockserver.WithHTTPAddress(f.httpAddress),
		mockserver.WithOAuth(f.oauth()),
		mockserver.WithRequiredScopes(strings.Fields(f.scopes)...),
		mockserver.WithAudience(f.audience),
		mockserver.WithHeaderKey(f.headerKey),
		mockserver.WithServices(mockserver.Services(f.services)),
		mockserver.WithProject(f.projects...),
		mockserver.WithProxyAuth(f.proxyToken),
		mockserver.WithRequestLog(0), // no program can read it
	}
	for _, o := range []struct {
		on     bool
		option mockserver.Option
	}{
		{f.unix != "", mockserver.WithUnixSocket(f.unix)},
		{f.tls, mockserver.WithTLS()},
		{f.clientCertFile != "", mockserver.WithMutualTLS()},
		{f.front, mockserver.WithHTTPFront()},
		{f.open, mockserver.WithOpenAccess()},
		{f.strict, mockserver.WithStrict()},
	} {
		if o.on {
			options = append(options, o.option)
		}
	}
	return options
}
