//go:build unix

package flow

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// groupKiller returns what ends cmd. With a group of its own, everything that the
// program has started ends with it.
func groupKiller(cmd *exec.Cmd, ownGroup bool) func() error {
	if !ownGroup {
		return func() error { return cmd.Process.Kill() }
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}
