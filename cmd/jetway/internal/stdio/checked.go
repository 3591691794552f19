package stdio

import (
	"io"
	"sync"
)

// Checked is a writer that remembers the first error: help texts, say, are written by code
// that does not look. It is safe for concurrent use as far as Writer is.
type Checked struct {
	io.Writer

	mu  sync.Mutex
	err error
}

// Write writes p.
func (c *Checked) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.err == nil {
			c.err = err
		}
	}
	return n, err
}

// Err returns the first error.
func (c *Checked) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}
