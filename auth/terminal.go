package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/jetway-go/jetway/internal/fault"
)

// Terminal returns a [Prompter] for programs in a terminal, which writes to out what the
// person has to do and reads replies from in, as a rule os.Stdin and os.Stderr. With a
// nil in it reads nothing and is no [Replier]; otherwise it is one.
//
// It reads in only when a reply is asked for, one byte at a time and never past the end
// of the line, on a goroutine of its own. That goroutine cannot be stopped while it
// waits for input: if a login ends first, for example in the browser, the next line goes
// to the next Reply of this Terminal, and not to a program that reads in by itself.
// Such a program passes nil, or reads its own lines through the [Replier] too. The
// Prompter is safe for concurrent use.
func Terminal(in io.Reader, out io.Writer) Prompter {
	t := &terminal{out: out}
	if in == nil {
		return t
	}
	return &replyingTerminal{terminal: t, in: in, turn: make(chan struct{}, 1)}
}

type terminal struct {
	mu  sync.Mutex
	out io.Writer
}

// Prompt writes p in words.
func (t *terminal) Prompt(_ context.Context, p Prompt) error {
	text := instructions(p, time.Now())
	t.mu.Lock()
	defer t.mu.Unlock()
	_, err := io.WriteString(t.out, text)
	return err
}

// instructions returns what the person has to do.
func instructions(p Prompt, now time.Time) string {
	for _, text := range []*string{&p.URL, &p.CompleteURL, &p.Code, &p.Problem} { // of a flow that has not looked
		*text = fault.Foreign(*text, maxReply)
	}
	var b strings.Builder
	if p.Problem != "" { // the address is on the screen already
		fmt.Fprintf(&b, "\nThat cannot be used: %s.\n", p.Problem)
		if p.Pasting {
			b.WriteString("Paste the address again, or press Ctrl-C to stop: ")
		}
		return b.String()
	}
	if p.Opening {
		b.WriteString("\nA browser opens to log you in. If it does not, open this page:\n")
	} else {
		b.WriteString("\nTo log in, open this page in a browser:\n")
	}
	fmt.Fprintf(&b, "\n    %s\n", p.URL)
	if p.Code != "" {
		fmt.Fprintf(&b, "\nand enter this code:\n\n    %s\n", p.Code)
	}
	if p.CompleteURL != "" {
		fmt.Fprintf(&b, "\nor open this page, which has the code in it; compare the two:\n\n    %s\n", p.CompleteURL)
	}
	if left := p.Expiry.Sub(now).Round(time.Second); !p.Expiry.IsZero() && left > 0 {
		at := p.Expiry.Local().Format(time.TimeOnly) //nolint:gosmopolitan // for the person at this machine
		fmt.Fprintf(&b, "\nFinish the login by %s (in %v).\n", at, left)
	}
	if p.Pasting {
		b.WriteString("\nIf the browser ends at a page that it cannot show, copy the address of that page,\npaste it here and press Enter: ")
	}
	return b.String()
}

// maxReply is more than any address that a browser ends at. What is beyond it is cut off.
const maxReply = 64 << 10

// replyingTerminal is a terminal that can read. At most one goroutine reads, for one
// line; a line that comes when no Reply waits any more is kept for the next.
type replyingTerminal struct {
	*terminal

	in   io.Reader
	turn chan struct{} // full while a Reply waits

	line chan reply // of the read under way, if there is one; guarded by turn
	end  error      // why there are no more lines; guarded by turn
}

type reply struct {
	text string
	err  error
}

// Reply returns the next line.
func (t *replyingTerminal) Reply(ctx context.Context) (string, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if t.end != nil {
		return "", t.end
	}
	if t.line == nil {
		t.line = make(chan reply, 1)
		go readLine(t.in, t.line)
	}
	select {
	case r := <-t.line:
		t.line, t.end = nil, r.err
		if r.text != "" {
			return r.text, nil // the error, if any, comes with the next call
		}
		return "", r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// readLine reads one line from in, without its end, and nothing after it.
func readLine(in io.Reader, line chan<- reply) {
	r := reply{err: errors.New("the reader panicked")}
	defer func() {
		_ = recover() // a panic here would end the program
		line <- r
	}()
	var text strings.Builder
	var one [1]byte
	for {
		n, err := in.Read(one[:])
		switch {
		case n > 0 && one[0] == '\n', err != nil:
			if n > 0 && one[0] != '\n' {
				text.WriteByte(one[0])
			}
			r = reply{strings.TrimSuffix(text.String(), "\r"), err}
			return
		case n > 0 && text.Len() < maxReply:
			text.WriteByte(one[0])
		}
	}
}
