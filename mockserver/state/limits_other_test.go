//go:build !unix

package state

// ignoreLimits does nothing: there is no such signal.
func ignoreLimits() {}
