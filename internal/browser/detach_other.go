//go:build !unix

package browser

import "os/exec"

// detach does nothing where Ctrl-C does not reach programs that were started.
func detach(*exec.Cmd) {}
