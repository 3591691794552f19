package connect

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/platform"
)

// Plan is where and how to connect.
type Plan struct {
	// Platform is the kind of backend.
	Platform string
	// Profile is the profile in use; empty for none.
	Profile string
	// Org, Project and Domain are those for calls, and ClientID is the OAuth client of the
	// settings; each may be empty.
	Org, Project, Domain, ClientID string
	// User is who logs in, where the settings say it.
	User string
	// From is why it is this platform, for people.
	From string
	// Values are all settings with their sources, for people.
	Values []Value

	// File is the config file in use; empty for none.
	File string
	// Warnings are lines of it that have no effect.
	Warnings []string
	// MinTTL is how long a token must last to be used; zero means the library's default.
	MinTTL time.Duration

	resolver platform.Resolver
	options  []clientset.Option
	address  string // what the person calls the setting of the address; empty: as the system does
}

// Plan finds out where to connect. It reads files and variables, and uses no network.
func (s Settings) Plan() (*Plan, error) {
	s, values, err := s.merged()
	if err != nil {
		return nil, err
	}
	kind, err := s.choose()
	if err != nil {
		return nil, err
	}
	if kind.Source != "" {
		values = append(values, kind)
	}
	r, err := s.resolver(kind.Value)
	if err != nil {
		return nil, err
	}
	p := &Plan{
		Platform: kind.Value, Profile: s.Profile, Org: s.Org, Project: s.Project, Domain: s.Domain,
		User: s.variable(s.User, EnvUser), Values: values, resolver: r,
	}
	p.From, p.address = s.reasons(values)
	p.options = s.options()
	if f, ok := r.(flyteTarget); ok {
		if err := p.addFlyte(f); err != nil {
			return nil, failure.Exit(failure.Config, err, "jetway config explain shows where each setting comes from")
		}
	}
	return p, nil
}

// options are the client set's own, as far as the flags and the profile say them.
func (s Settings) options() []clientset.Option {
	opts := []clientset.Option{
		clientset.WithLogger(s.Logger), clientset.WithUserAgent("jetway-cli"), clientset.WithConfigCache(""),
	}
	if s.CAFile != "" {
		opts = append(opts, clientset.WithCAFile(s.CAFile))
	}
	if s.ClientID != "" {
		opts = append(opts, clientset.WithClientConfig(configstore.ClientConfig{ClientID: s.ClientID}))
	}
	if s.OwnLogin {
		opts = append(opts, clientset.WithProfile(s.Profile))
	}
	return opts
}

// addFlyte adds what Flyte's own configuration says.
func (p *Plan) addFlyte(r flyteTarget) error {
	c, err := r.Load()
	if err != nil {
		return err
	}
	r.loaded = c
	p.resolver = r
	for _, o := range c.Explain() {
		if o.Value != "" && o.From != "Endpoint" { // Flyte's name for ours, which is there
			p.Values = append(p.Values, Value{Key: o.Key, Value: o.Value, Source: o.From})
		}
	}
	p.File = c.File
	for _, w := range c.Warnings {
		p.Warnings = append(p.Warnings, w.String())
	}
	p.ClientID = c.ClientID
	p.Org = cmp.Or(p.Org, c.Org)
	p.Project = cmp.Or(p.Project, c.Project)
	p.Domain = cmp.Or(p.Domain, c.Domain)
	return nil
}

// Open makes the client set. A login that needs a person is not made: only the one that
// is stored is used; [Plan.OpenToLogin] makes one.
func (p *Plan) Open(ctx context.Context, opts ...clientset.Option) (*clientset.ClientSet, error) {
	return p.open(ctx, p.stored, opts)
}

// Target returns what Open makes a client set of.
func (p *Plan) Target() (platform.Resolver, []clientset.Option) {
	return p.edited(p.stored), p.options
}

// stored is the target with the stored login, where the system's own would ask a person,
// or this command.
func (p *Plan) stored(t platform.Target) platform.Target {
	if t.Flow != nil && (auth.TraitsOf(t.Flow).Interactive && !auth.TraitsOf(t.Flow).Unstored || IsThisCommand(t.Flow)) {
		t.Flow = flow.Stored{}
	}
	if p.MinTTL > 0 {
		t.ExpirySkew = p.MinTTL
	}
	return t
}

// OpenToLogin makes the client set that logs in, with the flow that choose returns. It is
// given the system's own, which may be nil.
func (p *Plan) OpenToLogin(
	ctx context.Context, choose func(auth.Flow) auth.Flow, opts ...clientset.Option,
) (*clientset.ClientSet, error) {
	return p.open(ctx, func(t platform.Target) platform.Target {
		t.Flow = choose(t.Flow)
		return t
	}, opts)
}

// edited is the platform's resolver with a change to its target.
func (p *Plan) edited(edit func(platform.Target) platform.Target) platform.Resolver {
	return platform.ResolverFunc(func(ctx context.Context, hc *http.Client) (platform.Target, error) {
		t, err := p.resolver.Resolve(ctx, hc)
		if err != nil {
			return t, err
		}
		t.Settings.Endpoint = cmp.Or(p.address, t.Settings.Endpoint)
		t.Settings.Insecure, t.Settings.CAFile = "--insecure", "--ca-file"
		return edit(t), nil
	})
}

func (p *Plan) open(
	ctx context.Context, edit func(platform.Target) platform.Target, more []clientset.Option,
) (*clientset.ClientSet, error) {
	cs, err := clientset.For(ctx, p.edited(edit), slices.Concat(p.options, more)...)
	if err != nil {
		return nil, p.explain(err)
	}
	return cs, nil
}

// Offline reports whether Open uses no network.
func (p *Plan) Offline() bool { return p.Platform != Nublado }
