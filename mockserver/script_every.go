package mockserver

import (
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// everyRule fails one call in so many, until it is stopped.
type everyRule struct {
	pattern string
	n, seen int
	status  *status.Status
}

// FailEvery answers every n-th call of method with code and message, until it is called with
// zero or the script is reset: 1 fails each. Calls that another fault ends do not count. It
// replaces what was set for the same method before. Code OK is no failure and stops it.
func (c *Script) FailEvery(method string, n int, code codes.Code, message string) {
	rule := everyRule{pattern: c.pattern(method), n: n, status: status.New(code, message)}
	c.edit(func() {
		c.every = slices.DeleteFunc(c.every, func(r everyRule) bool { return r.pattern == rule.pattern })
		if n > 0 && code != codes.OK {
			c.every = append(c.every, rule)
		}
	})
}

// planEvery returns the status of a call that is due to fail; nil if none is. The caller
// holds c.mu.
func (c *Script) planEvery(method string) (verdict *status.Status) {
	for i := range c.every {
		if r := &c.every[i]; matches(r.pattern, method) {
			if r.seen++; r.seen == r.n {
				r.seen, verdict = 0, r.status
			}
		}
	}
	return verdict
}
