package clientset

// WithDialTCP replaces the dialer of the HTTP client that a ClientSet makes.
func WithDialTCP(dial dialTCP) Option { return option(func(c *config) { c.dialTCP = dial }) }
