package auth_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
)

func TestTerminalSaysWhatToDo(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(3 * time.Minute)
	for name, tc := range map[string]struct {
		prompt       auth.Prompt
		says, silent []string
	}{
		"browser": {
			auth.Prompt{URL: "https://idp.example/a?x=1", Opening: true, Expiry: soon},
			[]string{"browser opens", "    https://idp.example/a?x=1\n", "Finish the login by " + soon.Format(time.TimeOnly) + " (in 3m0s)"},
			[]string{"code", "paste", "Paste"},
		},
		"pasting": {
			auth.Prompt{URL: "https://idp.example/a", Pasting: true},
			[]string{"open this page in a browser", "paste it here and press Enter: "},
			[]string{"browser opens", "code", "Finish"},
		},
		"device": {
			auth.Prompt{URL: "https://idp.example/device", Code: "ABCD-EFGH", CompleteURL: "https://idp.example/device?c=ABCD-EFGH"},
			[]string{"    https://idp.example/device\n", "    ABCD-EFGH\n", "    https://idp.example/device?c=ABCD-EFGH\n"},
			[]string{"paste"},
		},
		"problem": {
			auth.Prompt{URL: "https://idp.example/a", Pasting: true, Problem: "nothing was pasted"},
			[]string{"That cannot be used: nothing was pasted.", "Paste the address again"},
			[]string{"https://"},
		},
	} {
		var out strings.Builder
		if err := auth.Terminal(nil, &out).Prompt(t.Context(), tc.prompt); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range tc.says {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", name, want, out.String())
			}
		}
		for _, not := range tc.silent {
			if strings.Contains(out.String(), not) {
				t.Errorf("%s: %q in\n%s", name, not, out.String())
			}
		}
	}
	closed, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	if err := auth.Terminal(nil, closed).Prompt(t.Context(), auth.Prompt{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a closed terminal: %v", err)
	}
}

func TestTerminalWithoutInputIsNoReplier(t *testing.T) {
	t.Parallel()
	if _, ok := auth.Terminal(nil, io.Discard).(auth.Replier); ok {
		t.Error("a flow would wait for a reply")
	}
	if _, ok := auth.Terminal(strings.NewReader(""), io.Discard).(auth.Replier); !ok {
		t.Error("no flow would read a reply")
	}
}

func TestTerminalRepliesWithLines(t *testing.T) {
	t.Parallel()
	r := replier(strings.NewReader("one\r\n\nthree\nlast"))
	for _, want := range []string{"one", "", "three", "last"} {
		if got, err := r.Reply(t.Context()); got != want || err != nil {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
	for range 2 {
		if got, err := r.Reply(t.Context()); got != "" || !errors.Is(err, io.EOF) {
			t.Errorf("after the end: %q, %v", got, err)
		}
	}
}

// The program's own input stays: nothing is read before a reply is asked for, and
// nothing past its line.
func TestTerminalReadsNoMoreThanTheReply(t *testing.T) {
	t.Parallel()
	in := strings.NewReader("reply\nfor the program\n")
	r := replier(in)
	if in.Len() != len("reply\nfor the program\n") {
		t.Error("it reads before it was asked")
	}
	if got, err := r.Reply(t.Context()); got != "reply" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if rest, err := bufio.NewReader(in).ReadString('\n'); rest != "for the program\n" || err != nil {
		t.Errorf("the program reads %q, %v", rest, err)
	}
}

// A reply that comes after its login has ended goes to the next one; the first returned
// when its context ended, and one goroutine waits for the input, however many asked.
func TestTerminalKeepsALateLineForTheNextReply(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, keyboard := io.Pipe()
		counted := &counting{in: in}
		r := replier(counted)
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if got, err := r.Reply(ctx); got != "" || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %q, %v", got, err)
			}
			cancel()
		}
		if n := counted.reads(); n != 1 {
			t.Errorf("%d reads under way", n)
		}
		if _, err := keyboard.Write([]byte("late\n")); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if got, err := r.Reply(t.Context()); got != "late" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		_ = keyboard.Close()
		if _, err := r.Reply(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("got %v", err)
		}
	})
}

// Two logins at once each get a line of their own.
func TestTerminalGivesEachLineToOneReply(t *testing.T) {
	t.Parallel()
	r := replier(strings.NewReader("a\nb\nc\nd\n"))
	lines := make(chan string, 4)
	var wg sync.WaitGroup
	for range cap(lines) {
		wg.Go(func() {
			line, err := r.Reply(t.Context())
			if err != nil {
				t.Error(err)
			}
			lines <- line
		})
	}
	wg.Wait()
	close(lines)
	seen := map[string]bool{}
	for line := range lines {
		seen[line] = true
	}
	if len(seen) != 4 {
		t.Errorf("got %v", seen)
	}
}

func TestTerminalOfABrokenReaderEndsTheReplies(t *testing.T) {
	t.Parallel()
	r := replier(&counting{}) // a nil reader: Read panics
	for range 2 {
		if got, err := r.Reply(t.Context()); got != "" || err == nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	in := strings.NewReader("line\n")
	if _, err := replier(in).Reply(ended); !errors.Is(err, context.Canceled) || in.Len() != 5 {
		t.Errorf("a reply that nothing waits for: %v", err)
	}
}

func replier(in io.Reader) auth.Replier { return auth.Terminal(in, io.Discard).(auth.Replier) }

// counting counts the calls of Read that have not returned.
type counting struct {
	in io.Reader

	mu sync.Mutex
	n  int
}

func (c *counting) Read(p []byte) (int, error) {
	c.add(1)
	defer c.add(-1)
	return c.in.Read(p)
}

func (c *counting) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += n
}

func (c *counting) reads() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func ExampleTerminal() {
	prompter := auth.Terminal(os.Stdin, os.Stdout) // os.Stderr in a program
	_ = prompter.Prompt(context.Background(), auth.Prompt{URL: "https://login.example.com/device", Code: "WDJB-MJHT"})
	// Output:
	// To log in, open this page in a browser:
	//
	//     https://login.example.com/device
	//
	// and enter this code:
	//
	//     WDJB-MJHT
}

// Whatever a flow passes on of a server, it controls no terminal.
func TestPromptControlsNoTerminal(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p := auth.Terminal(nil, &out)
	for _, prompt := range []auth.Prompt{
		{URL: "https://h/\x1b[2J", CompleteURL: "https://h/\u202e?c=1", Code: "AB\a\r\nCD\u200b"}, {Problem: "no\x1b]0;x\a"},
	} {
		if err := p.Prompt(t.Context(), prompt); err != nil {
			t.Fatal(err)
		}
	}
	if strings.ContainsAny(out.String(), "\x1b\a\r\u202e\u200b") || !strings.Contains(out.String(), "AB CD") {
		t.Errorf("got %q", out.String())
	}
}
