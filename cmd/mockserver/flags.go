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

	tls    bool
	caFile string
	front  bool

	client, secret, scopes, audience, headerKey string

	login, password, autoApprove, proxyToken string

	ttl, latency time.Duration

	opaque, open, strict, json, verbose bool

	projects []string
	quirks   []oauth.Quirk
}

func parse(args []string, stderr io.Writer) (*flags, error) {
	f := &flags{}
	set := flag.NewFlagSet("mockserver", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() {
		fmt.Fprint(stderr, "Usage: mockserver [flags]\n\n"+
			"Runs the mock backend until it is interrupted. Once it serves, it prints how to\n"+
			"connect on standard output.\n\n")
		set.PrintDefaults()
	}
	set.StringVar(&f.address, "address", "127.0.0.1:0", "`host:port` for gRPC; port 0 takes a free one")
	set.StringVar(&f.httpAddress, "http-address", "127.0.0.1:0", "`host:port` for the authorization server and the object store")
	set.StringVar(&f.unix, "unix", "", "unix socket `path` for gRPC, in place of -address")
	set.BoolVar(&f.tls, "tls", false, "serve over TLS with a fresh authority; needs -ca-file")
	set.StringVar(&f.caFile, "ca-file", "", "`file` to write the authority's certificate to")
	set.BoolVar(&f.front, "http-front", false, "serve gRPC through net/http, and discovery on the same port")
	set.StringVar(&f.client, "client", mockserver.DefaultClientID, "client `id`")
	set.StringVar(&f.secret, "secret", "", "client secret, seen by other users of this machine; empty makes a random one")
	set.StringVar(&f.scopes, "scopes", mockserver.DefaultScope, "space-separated scopes of the client")
	set.StringVar(&f.login, "login", mockserver.DefaultLogin, "`name` of the person who can log in on the pages")
	set.StringVar(&f.password, "password", "", "that person's password, seen by other users of this machine; empty makes a random one")
	set.StringVar(&f.autoApprove, "auto-approve", "", "`login` of a person who needs no pages")
	set.StringVar(&f.proxyToken, "proxy-token", "",
		"play a proxy that asks for this `token` in proxy-authorization; seen by other users of this machine")
	set.Func("quirk", "`habit` of a real authorization server, such as errors-as-200; may be repeated", func(name string) error {
		if !slices.Contains(oauth.Quirks(), oauth.Quirk(name)) {
			return fmt.Errorf("want one of %v", oauth.Quirks())
		}
		f.quirks = append(f.quirks, oauth.Quirk(name))
		return nil
	})
	set.StringVar(&f.audience, "audience", "", "audience that tokens must have")
	set.StringVar(&f.headerKey, "header-key", "authorization", "metadata `key` that carries the token")
	set.DurationVar(&f.ttl, "token-ttl", time.Hour, "how long access tokens live")
	set.DurationVar(&f.latency, "token-latency", 0, "how long the token endpoint takes")
	set.BoolVar(&f.opaque, "opaque", false, "opaque access tokens in place of JWTs")
	set.BoolVar(&f.open, "open", false, "ask for no login")
	set.BoolVar(&f.strict, "strict", false, "enforce the contract's validation rules")
	set.BoolVar(&f.json, "json", false, "print how to connect as one JSON object")
	set.BoolVar(&f.verbose, "v", false, "log every request to standard error")
	set.Func("project", "`id` of a project to create; may be repeated", func(id string) error {
		if id == "" {
			return errors.New("a project needs an id")
		}
		f.projects = append(f.projects, id)
		return nil
	})
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	err := f.check(set)
	if err != nil {
		fmt.Fprintln(stderr, err)
	}
	return f, err
}

func (f *flags) check(set *flag.FlagSet) error {
	switch {
	case set.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: everything is a flag", set.Arg(0))
	case f.unix != "" && given(set, "address"):
		return errors.New("-unix and -address are two places for the same listener: give one of them")
	case f.tls != (f.caFile != ""):
		return errors.New("-tls and -ca-file go together: nobody could trust the server otherwise")
	default:
		return nil
	}
}

func given(set *flag.FlagSet, name string) bool {
	found := false
	set.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// oauth is the configuration of the authorization server.
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
		mockserver.WithTokenLatency(f.latency),
		mockserver.WithProject(f.projects...),
		mockserver.WithProxyAuth(f.proxyToken),
		mockserver.WithRequestLog(0), // nobody could ask for it
	}
	for _, o := range []struct {
		on     bool
		option mockserver.Option
	}{
		{f.unix != "", mockserver.WithUnixSocket(f.unix)},
		{f.tls, mockserver.WithTLS()},
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
