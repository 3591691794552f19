//go:build !unix

package main

import "os"

// signals are those that end a command: none that another process could send.
func signals() []os.Signal { return nil }
