//go:build !unix

package flow

import "os/exec"

// groupKiller returns what ends cmd. Processes that it has started go on, but
// cannot keep the caller waiting.
func groupKiller(cmd *exec.Cmd, _ bool) func() error {
	return func() error { return cmd.Process.Kill() }
}
