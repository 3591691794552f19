package tokenstore

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth"
)

// Whatever happens to a login in stores, nothing that is printed or logged about
// it holds a token.
func TestStoresPrintNoToken(t *testing.T) {
	t.Parallel()
	const canary = "canary-5d1f"
	secret := &auth.Credentials{AccessToken: canary + "-access", RefreshToken: canary + "-refresh"}
	for name, before := range map[string]func(n int, op, service, user string) error{
		"works":    nil,
		"echoes":   func(_ int, op, _, _ string) error { return fmt.Errorf("%s refused", op) },
		"locked":   func(int, string, string, string) error { return errKeyringLockedByDaemon },
		"at times": func(n int, _, _, _ string) error { return map[bool]error{true: errors.New("once")}[n == 3] },
		"panics":   func(int, string, string, string) error { panic(canary) },
	} {
		fake := &fakeKeyring{}
		c := newChain(fake, filepath.Join(t.TempDir(), "x"))
		c.keyring.Mirror, c.keyring.Keyring.Logger, c.file.Logger = true, c.Logger, c.Logger
		fake.put(host, "tokens", canary)
		fake.fail(before)
		var told strings.Builder
		for _, s := range []auth.Store{c.FallbackStore, c.keyring, c.keyring.Keyring} {
			_, rerr := s.Retrieve(t.Context(), personKey())
			serr := s.Store(t.Context(), personKey(), secret)
			got, gerr := s.Retrieve(t.Context(), personKey())
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
				fmt.Fprintf(&told, verb+verb+verb, rerr, serr, gerr)
				fmt.Fprintf(&told, verb+verb, got, location(s, personKey()))
			}
			told.WriteString(fmt.Sprint(s.Delete(t.Context(), personKey())))
		}
		if text := told.String() + c.log.String(); strings.Contains(text, canary) {
			t.Errorf("%s: %s", name, text[strings.Index(text, canary)-100:])
		}
	}
}
