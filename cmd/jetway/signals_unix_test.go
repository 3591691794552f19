//go:build unix

package main

import (
	"os"
	"syscall"
)

// signals are those that end a command.
func signals() []os.Signal { return []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} }
