// Package secrettest helps tests to show that secrets stay secret.
//
// A test plants secrets, lets a [Sink] hear all that a person could come to read
// (log lines, errors, printed values) and asks [Sink.Hides] about them. It also asks
// [Sink.Heard] for what must have been said: a scan that heard nothing proves nothing.
package secrettest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/status"
)

// Sink keeps what could be read by somebody. The zero value is ready; it is safe for
// concurrent use.
type Sink struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write keeps p.
func (s *Sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

// String is all that was kept.
func (s *Sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// Logger keeps every record, of every level, as a line of text and as one of JSON:
// the two come by a value in different ways.
func (s *Sink) Logger() *slog.Logger {
	all := &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}
	return slog.New(slog.NewMultiHandler(slog.NewTextHandler(s, all), slog.NewJSONHandler(s, all)))
}

// Dump prints v in every way that a program may print it; of an error, also what it
// wraps and the status that it stands for.
func (s *Sink) Dump(v any) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(s, verb+"\n", v)
		fmt.Fprintf(s, verb+"\n", struct{ V any }{v})
	}
	if text, err := json.Marshal(v); err == nil {
		_, _ = s.Write(append(text, '\n'))
	}
	s.Logger().Debug("dumped", slog.Any("value", v))
	if err, ok := v.(error); ok {
		s.unwrap(err)
	}
}

func (s *Sink) unwrap(err error) {
	fmt.Fprintf(s, "%#v %v\n", err, status.Convert(err).Proto())
	switch wrapper := err.(type) { //nolint:errorlint // this walks the tree itself
	case interface{ Unwrap() []error }:
		for _, part := range wrapper.Unwrap() {
			s.unwrap(part)
		}
	default:
		if cause := errors.Unwrap(err); cause != nil {
			s.unwrap(cause)
		}
	}
}

// Hides fails the test if one of the secrets shows, in any [Forms].
func (s *Sink) Hides(tb testing.TB, secrets ...string) {
	tb.Helper()
	text := s.String()
	for _, secret := range secrets {
		for _, form := range Forms(secret) {
			if at := strings.Index(text, form.Text); at >= 0 {
				tb.Errorf("a secret shows (%s) in: …%s…", form.Name, text[max(0, at-300):min(len(text), at+len(form.Text)+40)])
			}
		}
	}
}

// Heard fails the test for each part that was not said.
func (s *Sink) Heard(tb testing.TB, parts ...string) {
	tb.Helper()
	text := s.String()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			tb.Errorf("the scan heard nothing of %q, so it proves little", part)
		}
	}
}
