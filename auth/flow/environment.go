package flow

import (
	"os"
	"runtime"

	"github.com/jetway-go/jetway/internal/browser"
)

// Environment describes where a program runs: whether a person can answer, and whether
// a browser can be opened.
type Environment struct {
	// CI reports whether this is a build on a server ($CI).
	CI bool
	// Terminal reports whether a person may be looking: standard input or standard error
	// is a terminal.
	Terminal bool
	// Browser reports whether $BROWSER names the browser to use; remote editors set it to
	// reach the one on the person's own machine.
	Browser bool
	// Remote reports whether the person sits at another machine (SSH).
	Remote bool
	// Container reports whether this runs in a container, whose loopback interface no
	// browser outside can reach.
	Container bool
	// Display reports whether windows can be shown.
	Display bool
}

// DetectEnvironment returns the environment of this process.
func DetectEnvironment() Environment {
	return detect(os.Getenv, runtime.GOOS, exists, isTerminal(os.Stdin) || isTerminal(os.Stderr))
}

func detect(getenv func(string) string, goos string, exists func(string) bool, terminal bool) Environment {
	set := func(names ...string) bool {
		for _, name := range names {
			if getenv(name) != "" {
				return true
			}
		}
		return false
	}
	s := Environment{
		CI:        set("CI") && getenv("CI") != "false" && getenv("CI") != "0",
		Terminal:  terminal,
		Browser:   set("BROWSER"),
		Remote:    set("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"),
		Container: set("KUBERNETES_SERVICE_HOST", "container") || exists("/.dockerenv") || exists("/run/.containerenv"),
		Display:   goos == "windows" || goos == "darwin" || set("DISPLAY", "WAYLAND_DISPLAY"),
	}
	if goos == "linux" && browser.UnderWSL(getenv) {
		s.Display = true // that of Windows
	}
	return s
}

// unattended returns why no person can answer, or "" where one may.
func (s Environment) unattended() string {
	switch {
	case s.CI:
		return "$CI is set"
	case !s.Terminal:
		return "no terminal"
	default:
		return ""
	}
}

// browsing reports whether a browser on this machine can be opened.
func (s Environment) browsing() bool {
	return s.Browser || s.Display && !s.Remote && !s.Container
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// isTerminal reports whether f is a terminal. Every character device but the null
// device counts as one.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
