//go:build !unix

package browser

import "os/exec"

// detach has nothing to do where programs are on their own anyway.
func detach(*exec.Cmd) {}
