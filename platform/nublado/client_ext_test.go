package nublado_test

import (
	"testing"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

// site is a platform on this machine, for tests of the client.
type site struct {
	*nubladotest.Server
}

func newSite(t *testing.T, settings nubladotest.Settings) *site {
	t.Helper()
	s := &site{nubladotest.NewServer()}
	s.Nublado.Set(settings)
	t.Cleanup(func() {
		s.Close()
		for _, v := range s.Nublado.Violations() {
			t.Errorf("violation: %s", v)
		}
	})
	return s
}

// client is a client of a user, over a ClientSet.
func (s *site) client(t *testing.T, user string, opts ...nublado.ClientOption) *nublado.Client {
	t.Helper()
	r := nublado.ForToken(user, s.Gafaelfawr.IssueToken(user, 0, nubladotest.NotebookScope))
	r.LookupEnv = env(repertoire.EnvBaseURL, s.DiscoveryURL())
	cs, err := clientset.For(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cs.Close() })
	return nublado.NewClient(cs.HTTPClient(), cs.HTTPURL(""), user, opts...)
}

func ready(t *testing.T, c *nublado.Client) {
	t.Helper()
	if err := c.Spawn(t.Context(), nublado.Lab{}); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitForSpawn(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestNubladoRow10_ALabIsStartedUsedAndStopped(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]nubladotest.Settings{"before 4": {}, "from 4.1": {XSRF: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, settings)
			c := s.client(t, "ada")
			ctx := t.Context()
			if stopped, err := c.LabStopped(ctx); err != nil || !stopped {
				t.Fatalf("%v, %v; want a lab that is stopped", stopped, err)
			}
			ready(t, c)
			if stopped, err := c.LabStopped(ctx); err != nil || stopped {
				t.Fatalf("%v, %v; want a lab that runs", stopped, err)
			}
			result, err := c.RunNotebook(ctx, nublado.Notebook{Content: `{"cells":[]}`})
			if err != nil || result.Notebook != `{"cells":[]}` || result.Error != nil {
				t.Fatalf("%+v, %v", result, err)
			}
			if err := c.Stop(ctx); err != nil {
				t.Fatal(err)
			}
			if err := c.WaitForStop(ctx); err != nil {
				t.Fatal(err)
			}
			if err := c.Stop(ctx); err != nil {
				t.Errorf("without a lab: %v", err)
			}
		})
	}
}
