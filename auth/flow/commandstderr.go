package flow

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// leastSecret is the length from which an argument or output counts as a secret
// when it shows up again in standard error. Shorter ones are words.
const leastSecret = 6

// told is the end of what the program wrote to standard error, for the end of an
// error; empty if it wrote nothing. What it printed to standard output and what
// it was given may be secret, and is taken out.
func (f Command) told(stdout *headBuffer, stderr *tailBuffer) string {
	known := &scrubber{}
	remember := func(values ...string) {
		for _, v := range values {
			if v = strings.TrimSpace(v); len(v) >= leastSecret {
				known.add(v)
			}
		}
	}
	printed := string(stdout.bytes())
	remember(printed)
	remember(strings.FieldsFunc(printed, func(r rune) bool { return strings.ContainsRune(" \t\r\n\"',{}[]", r) })...)
	for _, pair := range append(f.Argv[1:len(f.Argv):len(f.Argv)], f.Env...) {
		remember(pair)
		if _, value, ok := strings.Cut(pair, "="); ok {
			remember(value)
		}
	}
	text := oneLine(known.scrub(oneLine(known.scrub(stderr.text()))))
	if runes := []rune(text); len(runes) > shownStderr {
		text = "…" + string(runes[len(runes)-shownStderr:])
	}
	if text == "" {
		return ""
	}
	return "; it said: " + text
}

// headBuffer keeps the first max bytes and reports more.
type headBuffer struct {
	mu   sync.Mutex // a process that outlives Wait may still be writing
	buf  bytes.Buffer
	max  int
	full func()
}

func (b *headBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if room := b.max - b.buf.Len(); len(p) > room {
		b.buf.Write(p[:room])
		b.full()
		return len(p), nil
	}
	return b.buf.Write(p)
}

func (b *headBuffer) bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buf.Bytes())
}

// tailBuffer keeps the last max bytes, and passes everything on.
type tailBuffer struct {
	mu   sync.Mutex
	kept []byte
	max  int
	also io.Writer
}

func (b *tailBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = append(b.kept, p...)
	if over := len(b.kept) - b.max; over > 0 {
		b.kept = append(b.kept[:0], b.kept[over:]...)
	}
	if b.also != nil {
		_, _ = b.also.Write(p) // a closed terminal must not fail the login
	}
	return len(p), nil
}

func (b *tailBuffer) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.kept)
}
