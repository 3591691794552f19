package transfer

// WithPartSize sets how much of an object one request asks for.
func WithPartSize(n int64) Option { return option(func(c *config) { c.part = n }) }
