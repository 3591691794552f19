package flow_test

import (
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
)

// inUTF16 is text as PowerShell writes it into a file.
func inUTF16(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// A token is read in the same way, wherever it comes from.
func TestATokenIsReadAlikeFromEverySource(t *testing.T) {
	t.Parallel()
	sources := map[string]func(t *testing.T, text string) auth.Flow{
		"token": func(_ *testing.T, text string) auth.Flow { return flow.StaticToken(text) },
		"file":  func(t *testing.T, text string) auth.Flow { t.Helper(); return flow.TokenFile{Path: write(t, text)} },
		"static": func(_ *testing.T, text string) auth.Flow {
			return flow.Static{Credentials: &auth.Credentials{AccessToken: text, TokenType: "bearer"}}
		},
	}
	if _, err := os.Stat("/bin/cat"); err == nil {
		sources["command"] = func(t *testing.T, text string) auth.Flow {
			t.Helper()
			return flow.Command{Argv: []string{"/bin/cat", write(t, text)}}
		}
	}
	for from, source := range sources {
		for name, text := range map[string]string{
			"bare": "abc", "white space": " \t abc \r\n", "scheme": "Bearer abc", "scheme in lower case": "bearer  abc\n",
			"quotes": `"abc"`, "single quotes": `'abc'`, "quotes around the scheme": "\"Bearer abc\"\n", "scheme before quotes": `Bearer "abc"`,
			"scheme twice": "Bearer bearer abc", "byte order mark": "\ufeffabc",
		} {
			c, err := source(t, text).Obtain(t.Context(), auth.Env{}, nil)
			if err != nil {
				t.Errorf("%s, %s: %v", from, name, err)
				continue
			}
			if _, value := c.Header(); value != "Bearer abc" {
				t.Errorf("%s, %s: sends %q", from, name, value)
			}
		}
		for _, text := range []string{"", "Bearer", "Bearer ", `""`, "abc-canary def", "Basic abc-canary"} {
			if _, err := source(t, text).Obtain(t.Context(), auth.Env{}, nil); err == nil {
				t.Errorf("%s: %q is a token", from, text)
			} else if strings.Contains(printed(err), "canary") {
				t.Errorf("%s: the token shows up in %v", from, err)
			}
		}
	}
}

func TestASchemeOfItsOwnIsReadToo(t *testing.T) {
	t.Parallel()
	for _, f := range []auth.Flow{
		flow.TokenFile{Path: write(t, "token abc\n"), TokenType: "token"},
		flow.Static{Credentials: &auth.Credentials{AccessToken: "Token abc", TokenType: "token"}},
	} {
		c, err := f.Obtain(t.Context(), auth.Env{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, value := c.Header(); value != "token abc" {
			t.Errorf("sends %q", value)
		}
	}
}

func TestFilesInUTF16AreRead(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"little endian": inUTF16(binary.LittleEndian, "abc\r\n"), "big endian": inUTF16(binary.BigEndian, "abc\r\n"),
	} {
		path := write(t, content)
		c, err := flow.TokenFile{Path: path}.Obtain(t.Context(), auth.Env{}, nil)
		if err != nil || c.AccessToken != "abc" {
			t.Errorf("%s: got %v and %v", name, c, err)
		}
		if secret, err := flow.SecretFile(path).Read(); err != nil || secret != "abc" {
			t.Errorf("%s: got %q and %v", name, secret, err)
		}
	}
}

// The clocks may differ: only the server decides, as for a TokenFile.
func TestStaticWithAPastExpiryAsksTheServer(t *testing.T) {
	t.Parallel()
	given := &auth.Credentials{AccessToken: "abc", Expiry: time.Now().Add(-time.Hour)}
	c, err := flow.Static{Credentials: given}.Obtain(t.Context(), auth.Env{}, nil)
	if err != nil || c.AccessToken != "abc" || !c.Expiry.IsZero() {
		t.Fatalf("got %v and %v", c, err)
	}
	if given.Expiry.IsZero() {
		t.Error("the program's own credentials were changed")
	}
	a := auth.New(auth.Key{}, flow.Static{Credentials: given}, auth.Env{})
	t.Cleanup(func() { _ = a.Close() })
	if c, err = a.Credentials(t.Context()); err != nil || c.AccessToken != "abc" {
		t.Errorf("a call carries %v, %v", c, err)
	}
}

func TestAFileKnowsWhetherItsTokenChanged(t *testing.T) {
	t.Parallel()
	path := write(t, "one")
	f := flow.TokenFile{Path: path}
	c, err := f.Obtain(t.Context(), auth.Env{}, nil)
	if err != nil || f.Changed(c) || !f.Changed(nil) {
		t.Fatalf("got %v and %v; changed %v", c, err, f.Changed(c))
	}
	if err := os.WriteFile(path, []byte("Bearer two\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !f.Changed(c) {
		t.Error("another token was not noticed")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if f.Changed(c) {
		t.Error("no file is another token")
	}
}
