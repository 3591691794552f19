package serverauth

import (
	"log/slog"
	"strings"
)

// Option changes [Unary] and [Stream]; give the same ones to both.
type Option interface{ apply(*config) }

type option func(*config)

func (o option) apply(c *config) { o(c) }

type config struct {
	verifier Verifier
	keys     []string
	open     map[string]bool // "/svc/Method" and, as "/svc/", whole services
	logger   *slog.Logger
}

func newConfig(v Verifier, opts []Option) *config {
	c := &config{verifier: v, keys: []string{"authorization"}, open: map[string]bool{}, logger: slog.New(slog.DiscardHandler)}
	for _, o := range opts {
		o.apply(c)
	}
	return c
}

// WithOpenMethods names methods that can be called without credentials, as
// "/package.Service/Method", or "/package.Service/*" for a whole service. Any
// other form matches no method, so a misspelt method stays closed. The verifier
// still checks a credential that comes with a call of an open method: the handler
// gets the identity if it is accepted, and runs without one if it is not.
//
// No method is open by default, not even health checks and reflection.
func WithOpenMethods(names ...string) Option {
	return option(func(c *config) {
		for _, name := range names {
			service, method, ok := splitMethod(name)
			switch {
			case !ok || strings.Contains(service, "*"):
			case method == "*":
				c.open[service] = true
			case !strings.Contains(method, "*"):
				c.open[name] = true
			}
		}
	})
}

// WithHeaderKeys sets the metadata keys that may carry the credential; the first of
// them that a call carries is used. Default: "authorization". Case does not matter.
func WithHeaderKeys(keys ...string) Option {
	return option(func(c *config) {
		c.keys = nil
		for _, k := range keys {
			c.keys = append(c.keys, strings.ToLower(k))
		}
	})
}

// WithLogger sets where the errors of the verifier are logged, with method, code and
// text: at level Info if the verifier refused the credential (Unauthenticated,
// PermissionDenied), at Debug if the call was canceled or its deadline passed, at
// Warn for all other codes, with which the credential could not be checked. That
// includes calls of open methods, which succeed all the same. A text that contains
// the call's token or the value of one of its cookies (6 bytes or more) is withheld.
// Calls without a credential do not reach the verifier and are not logged. Default:
// nothing is logged.
func WithLogger(l *slog.Logger) Option {
	return option(func(c *config) {
		if l != nil {
			c.logger = l
		}
	})
}

func (c *config) isOpen(fullMethod string) bool {
	service, _, ok := splitMethod(fullMethod)
	return ok && (c.open[fullMethod] || c.open[service])
}

// splitMethod cuts "/svc/Method" into "/svc/" and "Method".
func splitMethod(full string) (service, method string, ok bool) {
	i := strings.LastIndexByte(full, '/')
	if i < 2 || full[0] != '/' || i == len(full)-1 || strings.Contains(full[1:i], "/") {
		return "", "", false
	}
	return full[:i+1], full[i+1:], true
}
