package doctor

import (
	"context"
	"net"
)

// WithDial replaces what connects.
func WithDial(dial func(ctx context.Context, network, address string) (net.Conn, error)) Option {
	return option(func(c *config) { c.dial = dial })
}

// WithLookup replaces what asks DNS.
func WithLookup(lookup func(ctx context.Context, host string) ([]string, error)) Option {
	return option(func(c *config) { c.lookup = lookup })
}
