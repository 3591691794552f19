// Package secrettest helps tests to check that secrets are not shown.
//
// A test gives secrets to the code under test, writes all that a user could read (log
// lines, errors, printed values) to a [Sink], and calls [Sink.Hides] with the secrets.
// It also calls [Sink.Heard] with text that must be there: the check of an empty sink
// proves nothing.
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

// Sink stores text that a user could read. The zero value is ready to use; a Sink is
// safe for concurrent use.
type Sink struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends p. It never fails.
func (s *Sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

// String returns all text so far.
func (s *Sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// Logger returns a logger that writes every record, of every level, as a line of text and
// as one of JSON, since the two print a value in different ways.
func (s *Sink) Logger() *slog.Logger {
	all := &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}
	return slog.New(slog.NewMultiHandler(slog.NewTextHandler(s, all), slog.NewJSONHandler(s, all)))
}

// Dump prints v in every way that a program may print it; of an error, also what it
// wraps and the gRPC status that it converts to.
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

// Hides fails the test if the text contains one of the secrets, in any of its [Forms].
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

// Heard fails the test for each part that the text does not contain.
func (s *Sink) Heard(tb testing.TB, parts ...string) {
	tb.Helper()
	text := s.String()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			tb.Errorf("the text does not contain %q, so the check for secrets proves little", part)
		}
	}
}
