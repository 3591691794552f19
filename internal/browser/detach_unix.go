//go:build unix

package browser

import (
	"os/exec"
	"syscall"
)

// detach keeps Ctrl-C in our terminal from ending the browser.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
