package flow

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDetectEnvironment(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		env      map[string]string
		goos     string
		files    string
		terminal bool
		alone    string
		browsing bool
	}{
		"desk":               {env: map[string]string{"DISPLAY": ":0"}, terminal: true, browsing: true},
		"Wayland":            {env: map[string]string{"WAYLAND_DISPLAY": "w"}, terminal: true, browsing: true},
		"Mac":                {goos: "darwin", terminal: true, browsing: true},
		"Windows":            {goos: "windows", terminal: true, browsing: true},
		"WSL":                {env: map[string]string{"WSL_DISTRO_NAME": "u"}, terminal: true, browsing: true},
		"server's console":   {terminal: true},
		"cron":               {alone: "no terminal"},
		"CI":                 {env: map[string]string{"CI": "true", "DISPLAY": ":0"}, terminal: true, alone: "$CI is set", browsing: true},
		"CI that is not":     {env: map[string]string{"CI": "false"}, terminal: true},
		"SSH":                {env: map[string]string{"SSH_CONNECTION": "a"}, terminal: true},
		"SSH with a display": {env: map[string]string{"SSH_TTY": "a", "DISPLAY": "localhost:10.0"}, terminal: true},
		"SSH to a Mac":       {env: map[string]string{"SSH_CLIENT": "a"}, goos: "darwin", terminal: true},
		"remote editor":      {env: map[string]string{"SSH_CONNECTION": "a", "BROWSER": "/editor/browser.sh"}, terminal: true, browsing: true},
		"Docker":             {env: map[string]string{"DISPLAY": ":0"}, files: "/.dockerenv", terminal: true},
		"Podman":             {env: map[string]string{"DISPLAY": ":0"}, files: "/run/.containerenv", terminal: true},
		"systemd container":  {env: map[string]string{"DISPLAY": ":0", "container": "lxc"}, terminal: true},
		"Kubernetes":         {env: map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, alone: "no terminal"},
	}
	for name, tc := range tests {
		if tc.goos == "" {
			tc.goos = "freebsd" // the runner of the test may itself be Linux under Windows
			if tc.env["WSL_DISTRO_NAME"] != "" {
				tc.goos = "linux"
			}
		}
		s := detect(func(n string) string { return tc.env[n] }, tc.goos, func(p string) bool { return p == tc.files }, tc.terminal)
		if s.unattended() != tc.alone || s.browsing() != tc.browsing {
			t.Errorf("%s: %+v: unattended %q, browsing %v", name, s, s.unattended(), s.browsing())
		}
	}
}

func TestIsTerminal(t *testing.T) {
	t.Parallel()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for name, f := range map[string]*os.File{"null device": null, "file": file, "pipe": r, "nothing": nil} {
		if isTerminal(f) {
			t.Errorf("the %s counts as a terminal", name)
		}
	}
}
