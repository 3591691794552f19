package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	"github.com/jetway-go/jetway/mockserver"
	mock "github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

// ptySession is jetway in a pseudo-terminal.
type ptySession struct {
	t       *testing.T
	control *os.File
	command *exec.Cmd
	read    chan struct{} // closed when the terminal is

	mu  sync.Mutex
	saw bytes.Buffer
}

// sits starts jetway in a terminal of so many columns, with the environment of scripts.
func sits(t *testing.T, env []string, columns uint16, args ...string) *ptySession {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = control.Close() })
	fd := int(control.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	program, err := exec.LookPath("jetway")
	if err != nil {
		t.Fatal(err)
	}
	p := &ptySession{t: t, control: control, command: exec.Command(program, args...), read: make(chan struct{})}
	p.resize(columns)
	home := t.TempDir()
	p.command.Env = append([]string{"HOME=" + home, "XDG_CONFIG_HOME=" + home, "XDG_CACHE_HOME=" + home, "TERM=xterm", "PATH=" + os.Getenv("PATH")}, env...)
	p.command.Stdin, p.command.Stdout, p.command.Stderr = terminal, terminal, terminal
	p.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.read)
		_, _ = io.Copy(writer(p.write), control) // ends with EIO when the program has ended
	}()
	return p
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

func (p *ptySession) write(text []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.saw.Write(text)
}

func (p *ptySession) resize(columns uint16) {
	p.t.Helper()
	if err := unix.IoctlSetWinsize(int(p.control.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		p.t.Fatal(err)
	}
}

// waits until the terminal has shown text since the beginning.
func (p *ptySession) waits(text string) {
	p.t.Helper()
	p.waitsFor(regexp.QuoteMeta(text))
}

// waitsFor waits until the terminal has shown what matches.
func (p *ptySession) waitsFor(form string) {
	p.t.Helper()
	re := regexp.MustCompile(form)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		p.mu.Lock()
		all := p.saw.String()
		p.mu.Unlock()
		switch {
		case re.MatchString(all):
			return
		case time.Now().After(deadline):
			p.t.Fatalf("no %q on the terminal:\n%q", form, all)
		}
	}
}

// ends waits for the end of jetway, and returns its exit code and all that was shown.
func (p *ptySession) ends() (int, string) {
	p.t.Helper()
	_ = p.command.Wait()
	<-p.read
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.command.ProcessState.ExitCode(), p.saw.String()
}

// modes returns the settings of the terminal that a program can leave changed.
func (p *ptySession) modes() unix.Termios {
	p.t.Helper()
	got, err := unix.IoctlGetTermios(int(p.control.Fd()), unix.TCGETS)
	if err != nil {
		p.t.Fatal(err)
	}
	return *got
}

// lasting is a backend with a task that runs for a minute, and the variables for it.
func lasting(t *testing.T) []string {
	t.Helper()
	server := mocktest.New(t, mockserver.WithOpenAccess(), mockserver.WithProject("demo"))
	err := server.Backend().AddTask(&taskpb.DeployTaskRequest{
		TaskId: &taskpb.TaskIdentifier{Project: "demo", Domain: "development", Name: "hello", Version: "v1"},
		Spec:   &taskpb.TaskSpec{TaskTemplate: &corepb.TaskTemplate{Type: "python"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Backend().SetTimeline("hello", mock.Timeline{Steps: []mock.Step{
		{Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING, Logs: []string{"line \x1b[2J" + strings.Repeat("\u65e5\u672c", 60)}},
		{After: time.Minute},
	}})
	return []string{"FLYTE_ADMIN_ENDPOINT=" + server.URL(), "FLYTE_TASK_PROJECT=demo", "FLYTE_TASK_DOMAIN=development"}
}

func TestCtrlCInAWatchLeavesTheTerminalAsItWas(t *testing.T) {
	t.Parallel()
	env := lasting(t)
	p := sits(t, env, 60, "run", "create", "hello", "--name", "first", "--watch")
	before := p.modes()
	p.waits("\u65e5\u672c")
	p.resize(30)
	p.waits("\x1b[2A") // the line had become two
	if _, err := p.control.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	code, text := p.ends()
	if code != 130 || !strings.Contains(text, "Run first goes on") || strings.Contains(text, "error:") {
		t.Errorf("exit code %d, text %q", code, text)
	}
	if strings.Count(text, "\x1b[?7l") != strings.Count(text, "\x1b[?7h") || strings.Contains(text, "\x1b[2J") || strings.Contains(text, "\x1b[?25l") {
		t.Errorf("the terminal was left changed: %q", text)
	}
	if after := p.modes(); after != before {
		t.Errorf("modes %+v, were %+v", after, before)
	}
}

func TestAWaitSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	env := lasting(t)
	p := sits(t, env, 80, "run", "create", "hello", "--name", "first", "--wait")
	p.waitsFor(`waiting for run first: running \([1-9]\d*s\)`)
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code, text := p.ends(); code != 130 || !strings.Contains(text, "Run first goes on") {
		t.Errorf("exit code %d, text %q", code, text)
	}
}

func TestAnUploadOfATreeShowsItsProgress(t *testing.T) {
	t.Parallel()
	env := lasting(t)
	dir := t.TempDir()
	for _, name := range []string{"a", "b\x1b[2J", "c"} {
		if err := os.WriteFile(filepath.Join(dir, name), bytes.Repeat([]byte("x"), 100_000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, text := sits(t, env, 100, "upload", dir).ends()
	if code != 0 || !strings.Contains(text, "3 done, 293.0 KiB") || !strings.Contains(text, "3 files, 293.0 KiB") || strings.Contains(text, "\x1b[2J") {
		t.Errorf("exit code %d, text %q", code, text)
	}
	if before, _, _ := strings.Cut(text, "URL"); !strings.HasSuffix(strings.TrimSpace(before), "3 files, 293.0 KiB") {
		t.Errorf("the bars were not erased: %q", text)
	}
}

func TestATerminalThatIsClosedLeavesNoProcessBehind(t *testing.T) {
	t.Parallel()
	env := lasting(t)
	p := sits(t, env, 80, "run", "create", "hello", "--name", "first", "--watch")
	p.waits("running")
	_ = p.control.Close()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.command.Wait()
	}()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		_ = p.command.Process.Kill()
		t.Error("jetway goes on without its terminal")
	}
}
