package flyte_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/platform/flyte"
	"github.com/jetway-go/jetway/platform/internal/platformtest"
)

// place is a machine of its own: working directory, home and environment.
type place struct {
	dir, home string
	variables map[string]string
}

func newPlace(t *testing.T, pairs ...string) *place {
	t.Helper()
	p := &place{dir: filepath.Join(t.TempDir(), "work", "deep"), home: t.TempDir(), variables: map[string]string{}}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		p.variables[pairs[i]] = pairs[i+1]
	}
	return p
}

func (p *place) resolver() flyte.Resolver {
	return flyte.Resolver{
		Dir: p.dir, Home: p.home, Trust: flyte.FileTrust{Dir: filepath.Join(p.home, "trust")},
		LookupEnv: platformtest.EnvOf(p.variables),
	}
}

// write makes a file below dir and returns its path.
func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, r flyte.Resolver) *flyte.Config {
	t.Helper()
	c, err := r.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// origin is what Explain says of a key.
func origin(c *flyte.Config, key string) flyte.Origin {
	for _, o := range c.Explain() {
		if o.Key == key {
			return o
		}
	}
	return flyte.Origin{}
}

func mock(t *testing.T, opts ...mockserver.Option) *mockserver.Server {
	t.Helper()
	return mocktest.New(t, opts...)
}

// call makes a client of what the resolver finds, and a call.
func call(t *testing.T, s *mockserver.Server, r flyte.Resolver, opts ...clientset.Option) error {
	t.Helper()
	opts = append([]clientset.Option{clientset.WithoutStore(), clientset.WithDialOptions(s.DialOption())}, opts...)
	cs, err := clientset.For(t.Context(), r, opts...)
	if err != nil {
		return err
	}
	defer cs.Close()
	return platformtest.List(t.Context(), cs)
}
