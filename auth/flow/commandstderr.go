package flow

import (
	"bytes"
	"strings"

	"github.com/jetway-go/jetway/internal/fault"
)

const (
	// leastSecret is the length from which an argument or output counts as a secret
	// when it shows up again in standard error. Shorter ones are words.
	leastSecret = 6
	// mostSecrets bounds the time that the search takes.
	mostSecrets = 1000
)

// said returns the end of what the program wrote to standard error, for the end of an
// error message; "" if it wrote nothing. It removes what the program printed to standard
// output and what it was given, which may be secret.
func (f Command) said(stdout *headBuffer, stderr *tailBuffer) string {
	if len(stderr.kept) == 0 {
		return ""
	}
	var secrets []string
	remember := func(values ...string) {
		for _, v := range values {
			if v = strings.TrimSpace(v); len(v) >= leastSecret {
				secrets = append(secrets, v)
			}
		}
	}
	printed := stdout.buf.String()
	remember(printed)
	remember(strings.FieldsFunc(printed, func(r rune) bool { return strings.ContainsRune(" \t\r\n\"',{}[]", r) })...)
	for _, pair := range append(f.Argv[1:len(f.Argv):len(f.Argv)], f.Env...) {
		remember(pair)
		if _, value, ok := strings.Cut(pair, "="); ok {
			remember(value)
		}
	}
	if len(secrets) > mostSecrets {
		return "; its standard error is left out, because it printed too much that could be secret"
	}
	known := &fault.Secrets{}
	known.Add(secrets...)
	text := known.Text(string(stderr.kept), maxCommandStderr)
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
	buf  bytes.Buffer
	max  int
	full func()
}

func (b *headBuffer) Write(p []byte) (int, error) {
	if room := b.max - b.buf.Len(); len(p) > room {
		b.buf.Write(p[:room])
		b.full()
		return len(p), nil
	}
	return b.buf.Write(p)
}

// tailBuffer keeps the last max bytes, and passes everything on.
type tailBuffer struct {
	kept []byte
	max  int
	also *relay
}

func (b *tailBuffer) Write(p []byte) (int, error) {
	b.kept = append(b.kept, p...)
	if over := len(b.kept) - b.max; over > 0 {
		b.kept = append(b.kept[:0], b.kept[over:]...)
	}
	b.also.pass(p)
	return len(p), nil
}
