package tokenstore

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// personal is a flow that logs in at once, and counts how often.
type personal struct{ logins int }

func (p *personal) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	p.logins++
	return &auth.Credentials{AccessToken: "access", RefreshToken: "refresh", Expiry: time.Now().Add(time.Hour)}, nil
}

func (p *personal) Renew(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	return &auth.Credentials{AccessToken: rand.Text(), RefreshToken: "next", Expiry: time.Now().Add(time.Hour)}, nil
}

func (p *personal) Traits() auth.Traits {
	return auth.Traits{Interactive: true, FileStorable: true, Name: auth.StoredFlow}
}

// homeless takes from the process every other variable than HOME that leads to a directory
// of the user.
func homeless(t *testing.T) {
	t.Helper()
	for _, name := range []string{"XDG_CONFIG_HOME", "XDG_CACHE_HOME", "AppData", "LocalAppData", "home"} {
		t.Setenv(name, "")
	}
}

// A service or a container often has no HOME, and no keyring either.
func TestWithoutHomeThereIsOneWarningAndTheLoginIsInMemory(t *testing.T) {
	t.Setenv("HOME", "")
	homeless(t)
	var log strings.Builder
	f := &personal{}
	noBus := &systemKeyring{items: &fakeKeyring{}, host: &keyringHost{goos: "linux", getenv: func(string) string { return "" }}}
	store := compose(f.Traits(), Config{Logger: textLogger(&log)}, noBus)
	k := auth.Key{Endpoint: "flyte.example.com:443", Flow: auth.StoredFlow}
	a := auth.New(k, f, auth.Env{Endpoint: k.Endpoint}, auth.WithStore(store), auth.WithLogger(textLogger(&log)))
	defer a.Close()

	// Inspect finds what Login finds: no login, so that a person would be asked.
	if st, err := a.Inspect(t.Context()); err != nil || st.Stored != "" || st.Usable || st.Renewable {
		t.Errorf("Inspect: %v, %v; want no login", st, err)
	}
	if err := a.Login(t.Context()); err != nil || f.logins != 1 {
		t.Errorf("Login: %v after %d logins, want one", err, f.logins)
	}
	if st, err := a.Inspect(t.Context()); err != nil || st.Stored != "memory" || !st.Usable {
		t.Errorf("Inspect after Login: %v, %v; want it in memory", st, err)
	}
	for range 3 {
		c, err := a.Credentials(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		a.Accepted(c)
		if _, err := a.Refresh(t.Context(), c); err != nil {
			t.Error(err)
		}
	}
	if err := a.Logout(t.Context()); err != nil {
		t.Errorf("Logout: %v", err)
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 ||
		!strings.Contains(log.String(), `level=WARN msg="A store for logins cannot be used; another one is used." store=file instead=memory`) {
		t.Errorf("%d warnings, want one that says where logins are:\n%s", n, log.String())
	}
	if n := strings.Count(log.String(), "cannot lock"); n > 2 {
		t.Errorf("%d notices about locks, want one for each store:\n%s", n, log.String())
	}
}

func TestWithoutHomeALoginThatIsStoredFirstCausesOneWarningToo(t *testing.T) {
	t.Setenv("HOME", "")
	homeless(t)
	var log strings.Builder
	broken := &fakeKeyring{}
	broken.fail(func(int, string, string, string) error { return ErrKeyringUnavailable })
	store := compose(auth.Traits{FileStorable: true}, Config{Logger: textLogger(&log)}, &systemKeyring{items: broken, host: linuxHost()})
	k := personKey()
	if err := store.Store(t.Context(), k, login("x")); err != nil {
		t.Fatal(err)
	}
	if c, err := store.Retrieve(t.Context(), k); err != nil || !sameTokens(c, login("x")) {
		t.Errorf("%v, %v; want the login from memory", c, err)
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 {
		t.Errorf("%d warnings, want one:\n%s", n, log.String())
	}
}

// A program that gives a FileStore of its own wants files, and gets the error.
func TestAFileStoreWithoutADirectoryIsAnError(t *testing.T) {
	t.Setenv("HOME", "")
	homeless(t)
	s := &FileStore{}
	if _, err := s.Retrieve(t.Context(), personKey()); err == nil || errors.Is(err, auth.ErrNoCredentials) ||
		!strings.Contains(err.Error(), "no directory for credentials, name one in FileStore.Dir") {
		t.Errorf("%v, want what to do", err)
	}
	if _, err := s.Lock(t.Context(), personKey()); err == nil || !strings.Contains(err.Error(), "no directory for lock files, name one in LockDir") {
		t.Errorf("%v, want what to do", err)
	}
}
