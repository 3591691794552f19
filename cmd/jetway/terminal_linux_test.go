package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// screen is a terminal with a person in front of it.
type screen struct {
	keys *os.File // what is typed, and what is shown

	mu    sync.Mutex
	shown bytes.Buffer
	ended chan error
}

// sit starts jetway in a terminal of that many columns.
func sit(t *testing.T, p *person, columns uint16, args ...string) *screen {
	t.Helper()
	keys, tty := newTerminal(t, columns)
	cmd, _, _ := p.command(t.Context(), args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = tty.Close()
	s := &screen{keys: keys, ended: make(chan error, 1)}
	var reading sync.WaitGroup
	reading.Go(func() {
		text := make([]byte, 4096)
		for {
			n, err := keys.Read(text)
			s.mu.Lock()
			s.shown.Write(text[:n])
			s.mu.Unlock()
			if err != nil { // it was closed, on one side or the other
				return
			}
		}
	})
	go func() { s.ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = keys.Close()
		reading.Wait()
	})
	return s
}

// newTerminal makes a pseudo-terminal: its two ends.
func newTerminal(t *testing.T, columns uint16) (keys, tty *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: columns})
	}
	if err == nil {
		tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	keys = os.NewFile(uintptr(fd), "/dev/ptmx") // does not block, so that Close ends a Read
	return keys, tty
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.ReplaceAll(s.shown.String(), "\r", "")
}

// sees waits until the screen shows what matches, and returns it.
func (s *screen) sees(t *testing.T, form string) string {
	t.Helper()
	re := regexp.MustCompile(form)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if found := re.FindString(s.text()); found != "" {
			return found
		}
	}
	t.Fatalf("%q is not shown:\n%s", form, s.text())
	return ""
}

func (s *screen) types(t *testing.T, text string) {
	t.Helper()
	if _, err := s.keys.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// ends waits for the end of the command, and returns its exit code.
func (s *screen) ends(t *testing.T) int {
	t.Helper()
	select {
	case err := <-s.ended:
		return exitCode(t, err)
	case <-time.After(time.Minute):
		t.Fatalf("still running:\n%s", s.text())
		return 0
	}
}

const interrupt = "\x03"

// The browser is on another machine, whose loopback interface is not this one: the person
// copies the address that it ended at.
func TestAnAddressIsPastedBack(t *testing.T) {
	t.Parallel()
	server := approving(t, oauth.Config{})
	p := newPerson(t)
	s := sit(t, p, 200, "login", "--endpoint", server.URL(), "--no-browser", freePort)
	s.sees(t, "paste it here and press Enter: $")
	s.types(t, "what is this?\n")
	s.sees(t, "That cannot be used: .*\nPaste the address again")

	browser := mocktest.NewBrowser(server)
	browser.StopAt = "http://127.0.0.1:"
	page, err := browser.Visit(t.Context(), s.sees(t, `http://\S*authorize\S*`))
	if err != nil {
		t.Fatal(err)
	}
	s.types(t, page.URL.String()+"\n")
	if code := s.ends(t); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, s.text())
	}
	s.sees(t, "Logged in to .* as ada")
	if who := p.must(t, "whoami", "-o", "name"); who != "ada\n" {
		t.Errorf("the login is that of %q", who)
	}
}

// Ctrl-C, and a terminal that is closed, end a login that waits for a person, and leave the line
// and the home as they were.
func TestALoginThatWaitsEndsWithItsTerminal(t *testing.T) {
	t.Parallel()
	server := mocktest.New(t)
	for name, way := range map[string][]string{"paste": {"--no-browser", freePort}, "device": {"--device"}, "browser": {"--browser", freePort}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, "BROWSER=true")
			args := append([]string{"login", "--endpoint", server.URL()}, way...)
			s := sit(t, p, 200, args...)
			s.sees(t, "Finish the login by")
			if name != "device" {
				s.sees(t, "Enter: $")
			}
			s.types(t, interrupt)
			if code := s.ends(t); code != 130 {
				t.Errorf("after Ctrl-C: exit code %d:\n%s", code, s.text())
			}
			if name != "device" { // there is a question, whose line ends
				s.sees(t, `Enter: \^C\n$`)
			}
			s = sit(t, p, 200, args...)
			s.sees(t, "Finish the login by")
			_ = s.keys.Close()
			if code := s.ends(t); code != 130 {
				t.Errorf("after the terminal was closed: exit code %d", code)
			}
			if files := p.files(t); len(files) > 0 {
				t.Errorf("there are files %v", files)
			}
		})
	}
}
