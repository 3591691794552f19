package tokenstore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth"
)

// Between the reading of a damaged file and putting it aside, another program
// stores a login: that one stays where it is.
func TestFileStorePutsNoOtherFileAside(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	s := &FileStore{Dir: t.TempDir(), Logger: textLogger(&log)}
	path := filepath.Join(s.Dir, fileName(personKey()))
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	damaged, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	d, err := os.OpenRoot(s.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()

	if err := errors.Join(os.Link(path, path+".held"), s.Store(t.Context(), personKey(), login("new"))); err != nil {
		t.Fatal(err) // the link keeps the damaged file's number from being used again
	}
	if err := s.opened(d).setAside(t.Context(), filepath.Base(path), damaged, errors.New("damaged")); !errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("got %v", err)
	}
	if c, err := s.Retrieve(t.Context(), personKey()); err != nil || !sameTokens(c, login("new")) || log.Len() > 0 {
		t.Errorf("got %v, %v, log %q", c, err, log.String())
	}
}

func TestFileNamesDifferWhereKeysDo(t *testing.T) {
	t.Parallel()
	seen := map[string]auth.Key{}
	for _, k := range []auth.Key{
		{}, {Endpoint: "a"}, {ClientID: "a"}, {Flow: "a"}, {User: "a"}, {Profile: "a"},
		{Endpoint: "ab", ClientID: "c"}, {Endpoint: "a", ClientID: "bc"}, {Endpoint: "abc"},
		{Endpoint: "a\x00", ClientID: "b"}, {Endpoint: "a", ClientID: "\x00b"},
	} {
		name := fileName(k)
		if other, ok := seen[name]; ok {
			t.Errorf("%+v and %+v share the file %s", k, other, name)
		}
		if stem, ok := strings.CutSuffix(name, ".json"); !ok || len(stem) != 32 || strings.Trim(stem, "0123456789abcdef") != "" {
			t.Errorf("%+v has the file %s", k, name)
		}
		seen[name] = k
	}
}
