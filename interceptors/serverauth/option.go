package serverauth

import "strings"

// Option changes [Unary] and [Stream]; give the same ones to both.
type Option interface{ apply(*config) }

type option func(*config)

func (o option) apply(c *config) { o(c) }

type config struct {
	verifier Verifier
	keys     []string
	open     map[string]bool // "/svc/Method" and, as "/svc/", whole services
}

func newConfig(v Verifier, opts []Option) *config {
	c := &config{verifier: v, keys: []string{"authorization"}, open: map[string]bool{}}
	for _, o := range opts {
		o.apply(c)
	}
	return c
}

// WithOpenMethods names methods that can be called without credentials, as
// "/package.Service/Method", or "/package.Service/*" for a whole service. Any
// other form names nothing, so a misspelt method stays closed. A good credential
// makes its caller known on an open method too; a bad one changes nothing.
//
// Nothing is open by itself, not even health checks and reflection.
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

// WithHeaderKeys sets where to look for the credential, in this order; the first
// key that a call carries counts. Default: "authorization". Case does not matter.
func WithHeaderKeys(keys ...string) Option {
	return option(func(c *config) {
		c.keys = nil
		for _, k := range keys {
			c.keys = append(c.keys, strings.ToLower(k))
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
