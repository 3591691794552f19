package auth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
)

const (
	accessCanary  = "canary-access-1f0c"
	refreshCanary = "canary-refresh-9b2d"
)

// leaks reports whether text holds a piece of a canary, plain or as hex digits in
// either case, or as a list of byte values.
func leaks(text string) bool {
	for _, token := range []string{accessCanary, refreshCanary} {
		for i := 0; i+8 <= len(token); i++ {
			piece := token[i : i+8]
			for _, form := range []string{piece, fmt.Sprintf("%x", piece), fmt.Sprintf("%X", piece), fmt.Sprintf("% x", piece),
				strings.Trim(fmt.Sprint([]byte(piece)), "[]")} {
				if strings.Contains(text, form) {
					return true
				}
			}
		}
	}
	return false
}

func TestLeaksSeesWhatItShould(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"%s", "%v", "%q", "%x", "%X", "% x", "%#v"} {
		if !leaks(fmt.Sprintf(format, accessCanary)) || !leaks(fmt.Sprintf("%v", []byte(refreshCanary))) {
			t.Errorf("a token under %s passes unseen", format)
		}
	}
}

func canaries() *auth.Credentials {
	return &auth.Credentials{
		AccessToken: accessCanary, RefreshToken: refreshCanary,
		Expiry: time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC), ClientID: "cli",
	}
}

// holders are the shapes in which credentials travel.
func holders() map[string]any {
	c := canaries()
	return map[string]any{
		"pointer": c,
		"value":   *c,
		"nested":  struct{ Login auth.Credentials }{*c},
		"nested pointer": struct {
			Login *auth.Credentials
			Name  string
		}{c, "x"},
		"embedded":        struct{ auth.Credentials }{*c},
		"slice":           []auth.Credentials{*c},
		"slice of ptr":    []*auth.Credentials{c},
		"map":             map[string]auth.Credentials{"k": *c},
		"map of pointers": map[string]*auth.Credentials{"k": c},
		"any":             []any{c, *c},
		"error":           fmt.Errorf("login %v failed: %w", c, auth.ErrRejected),
		"error of ours":   &auth.Error{Op: "renew", Endpoint: "flyte.example", Err: fmt.Errorf("with %+v", *c)},
		"joined errors":   errors.Join(fmt.Errorf("%s", c), fmt.Errorf("%#v", *c)),
	}
}

func TestNoVerbPrintsAToken(t *testing.T) {
	t.Parallel()
	for name, holder := range holders() {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "% x", "%t", "%e", "%c", "%U", "%T", "%40v", "%.3s", "%!"} {
			if got := fmt.Sprintf(verb, holder); leaks(got) {
				t.Errorf("%s under %s: %s", name, verb, got)
			}
		}
		if got := fmt.Sprint(holder) + fmt.Sprintln(holder); leaks(got) {
			t.Errorf("%s printed: %s", name, got)
		}
	}
}

func TestNoEncoderWritesAToken(t *testing.T) {
	t.Parallel()
	for name, holder := range holders() {
		if got, err := json.Marshal(holder); leaks(string(got)) || leaks(fmt.Sprint(err)) {
			t.Errorf("%s as JSON: %s, %v", name, got, err)
		}
		var text, structured bytes.Buffer
		all := &slog.HandlerOptions{Level: slog.LevelDebug - 10}
		for _, logger := range []*slog.Logger{slog.New(slog.NewTextHandler(&text, all)), slog.New(slog.NewJSONHandler(&structured, all))} {
			logger.Debug("event", "login", holder)
			logger.With("login", holder).WithGroup("g").Error("event", slog.Any("again", holder), slog.Group("h", "login", holder))
		}
		if leaks(text.String()) || leaks(structured.String()) {
			t.Errorf("%s logged: %s%s", name, &text, &structured)
		}
	}
}

// A program that writes a login as JSON would lose its tokens, or show them: it is
// told at once what to use instead, and so is one that reads.
func TestJSONRefusesCredentials(t *testing.T) {
	t.Parallel()
	for _, holder := range []string{"pointer", "value", "nested", "nested pointer", "embedded", "slice", "map of pointers", "any"} {
		if got, err := json.Marshal(holders()[holder]); err == nil || !strings.Contains(err.Error(), "auth.Encode") {
			t.Errorf("%s becomes %s, %v", holder, got, err)
		}
	}
	var c auth.Credentials
	if err := json.Unmarshal([]byte(`{"AccessToken":"x"}`), &c); err == nil || !strings.Contains(err.Error(), "auth.Decode") {
		t.Errorf("reading: %v", err)
	}
}

// In a log a pointer shows the description; a value and a struct show the reason why
// they do not, beside the rest of the line.
func TestLogsDescribeCredentials(t *testing.T) {
	t.Parallel()
	c := canaries()
	type report struct{ Login *auth.Credentials }
	for want, login := range map[string]any{
		`"login":"` + c.String() + `"`: c,
		`"login":"no credentials"`:     (*auth.Credentials)(nil),
		`"login":"!ERROR:json: error calling MarshalJSON for type auth.Credentials: auth.Credentials are not`:  *c,
		`"login":"!ERROR:json: error calling MarshalJSON for type *auth.Credentials: auth.Credentials are not`: report{c},
	} {
		var line strings.Builder
		slog.New(slog.NewJSONHandler(&line, nil)).Info("event", "login", login, "more", "kept")
		if !strings.Contains(line.String(), want) || !strings.Contains(line.String(), `"more":"kept"`) {
			t.Errorf("want %s, got %s", want, line.String())
		}
	}
	var line strings.Builder
	slog.New(slog.NewTextHandler(&line, nil)).Info("event", "login", *c)
	if !strings.Contains(line.String(), c.String()) {
		t.Errorf("as text: %s", line.String())
	}
}

func TestDescription(t *testing.T) {
	t.Parallel()
	id := canaries().ID()
	for want, c := range map[string]*auth.Credentials{
		"no credentials": nil,
		"credentials without access token, renewable":                    {RefreshToken: refreshCanary},
		"credentials " + id:                                              {AccessToken: accessCanary},
		"credentials " + id + ", renewable, expire 2031-05-06T07:08:09Z": canaries(),
	} {
		if got := c.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if c == nil {
			continue
		}
		for verb, got := range map[string]string{"%v": fmt.Sprintf("%v", c), "%#v": fmt.Sprintf("%#v", *c), "%d": fmt.Sprintf("%d", *c)} {
			if got != want {
				t.Errorf("%s gives %q, want %q", verb, got, want)
			}
		}
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	// The first half of the SHA-256 of "abc" (FIPS 180-4, example).
	if got := (&auth.Credentials{AccessToken: "abc"}).ID(); got != "ba7816bf8f01cfea414140de5dae2223" {
		t.Errorf("got %q", got)
	}
	a, b := &auth.Credentials{AccessToken: "a"}, &auth.Credentials{AccessToken: "b"}
	if len(a.ID()) != 32 || a.ID() == b.ID() || a.ID() != (&auth.Credentials{AccessToken: "a", RefreshToken: "other", TokenType: "x"}).ID() {
		t.Errorf("IDs %q and %q", a.ID(), b.ID())
	}
	for _, c := range []*auth.Credentials{nil, {}, {RefreshToken: refreshCanary}} {
		if got := c.ID(); got != "" {
			t.Errorf("%v has the ID %q", c, got)
		}
	}
}

func TestHeader(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		creds      *auth.Credentials
		key, value string
	}{
		{"plain", &auth.Credentials{AccessToken: "t"}, "authorization", "Bearer t"},
		{"lower-case bearer", &auth.Credentials{AccessToken: "t", TokenType: "bearer"}, "authorization", "Bearer t"},
		{"upper-case bearer", &auth.Credentials{AccessToken: "t", TokenType: "BEARER"}, "authorization", "Bearer t"},
		{"scheme token", &auth.Credentials{AccessToken: "t", TokenType: "token"}, "authorization", "token t"},
		{"cookie", &auth.Credentials{AccessToken: "authservice_session=abc", TokenType: auth.Raw, HeaderKey: "Cookie"}, "cookie", "authservice_session=abc"},
		{"own key", &auth.Credentials{AccessToken: "t", HeaderKey: "Flyte-Authorization"}, "flyte-authorization", "Bearer t"},
		{"only a refresh token", &auth.Credentials{RefreshToken: "r", HeaderKey: "x"}, "", ""},
		{"raw and empty", &auth.Credentials{TokenType: auth.Raw, HeaderKey: "cookie"}, "", ""},
		{"none", nil, "", ""},
	} {
		if k, v := c.creds.Header(); k != c.key || v != c.value {
			t.Errorf("%s: %q: %q, want %q: %q", c.name, k, v, c.key, c.value)
		}
	}
}
