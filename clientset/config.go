package clientset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/resolver"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/interceptors"
	"github.com/jetway-go/jetway/internal/peer"
	"github.com/jetway-go/jetway/platform"
)

const defaultMaxReceive = 64 << 20

// config is what the options and the target say.
type config struct {
	logger *slog.Logger

	// The login.
	flow          auth.Flow
	authenticator *auth.Authenticator
	withoutAuth   bool
	initial       *auth.Credentials
	clientConfig  configstore.ClientConfig
	configStore   configstore.ClientConfigStore
	keepConfig    bool   // for the next process
	configDir     string // where; empty: in the user's cache directory
	store         auth.Store
	withoutStore  bool
	noKeyring     bool
	user, profile string
	clientID      string // of an API key
	prompter      auth.Prompter
	expirySkew    time.Duration
	observer      auth.Observer
	proxyFlow     auth.Flow
	proxyConfig   configstore.ClientConfigStore

	// The connection.
	insecure             bool
	plaintextCredentials bool
	tls                  tlsOptions
	proxyURL             string
	httpClient           *http.Client
	roundRobin           bool
	maxReceive           int
	userAgent            string
	deadPath             time.Duration
	resolvers            []resolver.Builder
	dial                 []grpc.DialOption
	dialTCP              dialTCP // of the HTTP client; nil: the system's

	// The HTTP side.
	httpBase               string
	console, targetConsole string // the URL of the web console
	httpOnly               bool
	origins                []string
	rejected               func(*http.Request, *http.Response) bool

	// The calls.
	metadata         []interceptors.MetadataOption
	withoutRequestID bool
	withoutRouting   bool
	clusterHosts     []string
	retries          uint

	org       string
	names     platform.Settings // what a target's system calls its settings
	proxyName string            // which of them names the proxy; empty: an option does
	wrong     error             // why the value given to an option cannot be used
}

func newConfig(opts []Option) *config {
	c := &config{
		logger:     slog.New(slog.DiscardHandler),
		maxReceive: defaultMaxReceive,
		retries:    defaultRetries,
		deadPath:   peer.DefaultLimit,
	}
	for _, o := range opts {
		if o != nil {
			o.apply(c)
		}
	}
	return c
}

// underlay fills in from a target what the options leave open.
func (c *config) underlay(t platform.Target) {
	if c.flow == nil && c.authenticator == nil && !c.withoutAuth {
		c.flow = t.Flow
	}
	c.clientConfig = t.Config.WithOverride(c.clientConfig)
	c.user = cmp.Or(c.user, t.User)
	c.plaintextCredentials = c.plaintextCredentials || t.PlaintextCredentials
	c.expirySkew = t.ExpirySkew
	c.noKeyring = t.NoKeyring
	c.insecure = c.insecure || t.Insecure
	c.org = cmp.Or(c.org, t.Org)
	c.names = t.Settings
	c.httpBase = cmp.Or(c.httpBase, t.HTTPBase)
	c.targetConsole = t.Console
	c.origins = append(c.origins, t.Origins...)
	c.rejected = t.Rejected
	if c.proxyFlow == nil {
		c.proxyFlow = t.ProxyFlow
	}
}

// underlayNetwork is underlay for what the network is made of. It reports whether
// that has changed.
func (c *config) underlayNetwork(t platform.Target) (changed bool) {
	if t.CAFile != "" && len(c.tls.extra)+len(c.tls.exclusive) == 0 {
		c.tls.extra, changed = []string{t.CAFile}, true
	}
	if t.InsecureSkipVerify && !c.tls.skipVerify {
		c.tls.skipVerify, changed = true, true
	}
	if t.ProxyURL != "" && c.proxyURL == "" {
		c.proxyURL, c.proxyName, changed = t.ProxyURL, t.Settings.ProxyURL, true
	}
	return changed
}

// checkedFlow is a flow that reports whether it lacks a setting without which it
// cannot log in, such as a client ID.
type checkedFlow interface{ Check() error }

// check refuses options that contradict each other, and flows that lack a setting.
func (c *config) check() error {
	login := c.flow != nil || c.initial != nil || c.store != nil || c.configStore != nil
	switch {
	case c.wrong != nil:
		return c.wrong
	case !printable(c.userAgent):
		return errors.New("WithUserAgent: only printable ASCII can be sent")
	case c.withoutAuth && (login || c.authenticator != nil):
		return errors.New("WithoutAuth contradicts the options about a login; remove one or the other")
	case c.authenticator != nil && login:
		return errors.New("WithAuthenticator contradicts WithFlow, WithCredentials, WithStore and WithConfigStore; remove one or the others")
	case c.maxReceive <= 0:
		return fmt.Errorf("WithMaxReceiveSize(%d): must be positive", c.maxReceive)
	}
	if f, ok := c.flow.(checkedFlow); ok {
		return f.Check()
	}
	return nil
}

// loggingResolver is a resolver that logs. Its method returns it with that logger, unless
// the program gave it one.
type loggingResolver interface {
	WithLogger(l *slog.Logger) platform.Resolver
}

// resolve returns the target of r, which says where and how to connect.
func (c *config) resolve(ctx context.Context, r platform.Resolver, n *network) (platform.Target, error) {
	if r == nil {
		return platform.Target{}, errors.New("no resolver given")
	}
	if l, ok := r.(loggingResolver); ok {
		r = l.WithLogger(c.logger)
	}
	return r.Resolve(ctx, n.http)
}
