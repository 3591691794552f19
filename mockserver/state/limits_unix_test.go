//go:build unix

package state

import (
	"os/signal"
	"syscall"
)

// ignoreLimits makes a limit for files an error of the write.
func ignoreLimits() { signal.Ignore(syscall.SIGXFSZ) }
