package nublado_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform/internal/platformtest"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

func discovery(t *testing.T, c repertoire.Config) *repertoire.Client {
	t.Helper()
	if c.LookupEnv == nil {
		c.LookupEnv = env(repertoire.EnvBaseURL, discoveryURL)
	}
	d, err := repertoire.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestNubladoRow01_TheEndpointIsTheHostFromServiceDiscovery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Given the least that service discovery can say, and a token ...
		s := start(t)
		s.repertoire.Set(nubladotest.Document(nubladoURL))
		token := s.gafaelfawr.IssueToken("ada", 0, nubladotest.NotebookScope)
		// ... when two clients are made within five minutes ...
		for n := 1; n <= 2; n++ {
			cs := s.client(t, nublado.ForToken("ada", token))
			// ... then both go to the host of Nublado's URL, each having asked once.
			if cs.Endpoint() != nubladoHost {
				t.Errorf("endpoint %q, want %q", cs.Endpoint(), nubladoHost)
			}
			if got := s.call(t, cs); got.Subject != "ada" || got.Values != 1 || got.Scheme != "Bearer" {
				t.Errorf("call %+v, want ada's single bearer token", got)
			}
			if s.repertoire.Fetches() != n {
				t.Errorf("%d discoveries for %d clients, want one each", s.repertoire.Fetches(), n)
			}
		}
		// And clients that share a discovery client ask once together, every five minutes.
		shared := discovery(t, repertoire.Config{})
		before := s.repertoire.Fetches()
		for range 3 {
			s.client(t, nublado.Resolver{Source: nublado.ForToken("ada", token).Source, Discovery: shared})
			time.Sleep(time.Minute)
		}
		if n := s.repertoire.Fetches() - before; n != 1 {
			t.Errorf("%d discoveries for three clients that share, want one", n)
		}
		time.Sleep(2 * time.Minute)
		s.client(t, nublado.Resolver{Source: nublado.ForToken("ada", token).Source, Discovery: shared})
		if n := s.repertoire.Fetches() - before; n != 2 {
			t.Errorf("%d discoveries after five minutes, want another", n)
		}
	})
}

func TestNubladoRow02_AMissingServiceIsNamedBeforeAnyConnection(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.gafaelfawr.IssueToken("ada", 0, nubladotest.NotebookScope)
	ada := nublado.ForToken("ada", token).Source
	bot := nublado.Created{Username: "bot-x", Admin: flow.SecretValue(token)}
	for _, test := range []struct {
		name     string
		r        nublado.Resolver
		document any
		is       error
		text     string
	}{
		{"no variable", nublado.Resolver{Source: ada, LookupEnv: env()}, nil, repertoire.ErrURL, "REPERTOIRE_BASE_URL not set in environment"},
		{"empty variable", nublado.Resolver{Source: ada, LookupEnv: env(repertoire.EnvBaseURL, "")}, nil, repertoire.ErrURL, "REPERTOIRE_BASE_URL not set in environment"},
		{"no URL in it", nublado.Resolver{Source: ada, LookupEnv: env(repertoire.EnvBaseURL, "repertoire")}, nil, repertoire.ErrURL, "REPERTOIRE_BASE_URL must be"},
		{"empty document", nublado.Resolver{Source: ada}, map[string]any{}, nublado.ErrNublado, "nublado service not found in service discovery"},
		{"no Nublado in it", nublado.Resolver{Source: ada}, `{"services": {"ui": {"portal": {"url": "https://x"}}}}`, nublado.ErrNublado, "nublado service not found in service discovery"},
		{"no Gafaelfawr in it", nublado.Resolver{Source: bot}, nubladotest.Document(nubladoURL), nublado.ErrGafaelfawr, "gafaelfawr (v1) service not found in service discovery"},
	} {
		if test.document != nil {
			s.repertoire.Set(test.document)
		}
		_, err := s.connect(t, test.r)
		if !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v, want %q", test.name, err, test.text)
		}
	}
	if _, err := repertoire.New(repertoire.Config{LookupEnv: env()}); err == nil || err.Error() != "REPERTOIRE_BASE_URL not set in environment" {
		t.Errorf("New: %v, want the documented text alone", err)
	}
	if n := len(s.peer.Calls()) + len(s.gafaelfawr.Requests()); n != 0 {
		t.Errorf("%d calls were made, want none", n)
	}
}

func TestNubladoRow02_AMisspeltVariableIsNamedInTheError(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"REPERTOIRE_URL": "http://canary"}
	r := nublado.Resolver{
		Source:    nublado.ForToken("ada", nubladotest.NewGafaelfawr(nil).IssueToken("ada", 0)).Source,
		LookupEnv: platformtest.EnvOf(vars), Environ: platformtest.Environ(vars),
	}
	_, err := r.Resolve(t.Context(), nil)
	want := "REPERTOIRE_BASE_URL not set in environment: REPERTOIRE_URL is set, but the variable is REPERTOIRE_BASE_URL"
	if !errors.Is(err, repertoire.ErrURL) || err.Error() != want {
		t.Errorf("%v, want %q", err, want)
	}
	vars[repertoire.EnvBaseURL] = "not a URL"
	if _, err := r.Resolve(t.Context(), nil); err == nil || strings.Contains(err.Error(), "REPERTOIRE_URL") {
		t.Errorf("%v, want nothing about REPERTOIRE_URL", err)
	}
}

func TestNubladoRow03_TheLastAnswerIsUsedIfARefreshFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		ada := nublado.ForToken("ada", s.gafaelfawr.IssueToken("ada", 0, nubladotest.NotebookScope)).Source
		shared := discovery(t, repertoire.Config{Logger: s.log.Logger()})
		for name, fail := range map[string]func(){
			"down":    func() { s.repertoire.Fail(http.StatusBadGateway) },
			"garbage": func() { s.repertoire.Set("<html>") },
		} {
			// Given service discovery that is out of order from the start ...
			fail()
			_, err := s.connect(t, nublado.Resolver{Source: ada, Discovery: discovery(t, repertoire.Config{})})
			// ... then that is an error.
			if !errors.Is(err, repertoire.ErrWeb) && !errors.Is(err, repertoire.ErrValidation) {
				t.Errorf("%s: %v, want the error of service discovery", name, err)
			}
			// And given one that has answered before ...
			s.repertoire.Fail(0)
			s.repertoire.Set(nubladotest.Document(nubladoURL))
			time.Sleep(repertoire.TTL)
			s.client(t, nublado.Resolver{Source: ada, Discovery: shared})
			fail()
			time.Sleep(24 * time.Hour)
			before := s.repertoire.Fetches()
			// ... then what it said is used, with a warning.
			cs := s.client(t, nublado.Resolver{Source: ada, Discovery: shared})
			s.call(t, cs)
			if s.repertoire.Fetches() == before {
				t.Errorf("%s: it was not asked again", name)
			}
			if text := s.log.String(); !strings.Contains(text, `"level":"WARN"`) || !strings.Contains(text, "out of order") {
				t.Errorf("%s: no warning in %s", name, text)
			}
		}
	})
}

func TestNubladoRow04_AnInjectedDiscoveryClientWins(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := nublado.ForToken("ada", s.gafaelfawr.IssueToken("ada", 0, nubladotest.NotebookScope)).Source
	injected := discovery(t, repertoire.Config{BaseURL: discoveryURL + "/"})
	for name, lookup := range map[string]func(string) (string, bool){
		"nothing in the environment": env(),
		"another one there":          env(repertoire.EnvBaseURL, "http://127.0.0.1:1"),
	} {
		cs := s.client(t, nublado.Resolver{Source: ada, Discovery: injected, LookupEnv: lookup})
		if cs.Endpoint() != nubladoHost {
			t.Errorf("%s: endpoint %q", name, cs.Endpoint())
		}
	}
	if s.repertoire.Fetches() != 1 {
		t.Errorf("%d discoveries, want one", s.repertoire.Fetches())
	}
}

func TestNubladoErrorsConvertToStatus(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, err := s.connect(t, nublado.Resolver{LookupEnv: env()})
	if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "Source") {
		t.Errorf("%v", err)
	}
	s.untouched(t)
}

func TestMessagesGoToTheLoggerOfTheClient(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := nublado.ForToken("ada", s.gafaelfawr.IssueToken("ada", 0, nubladotest.NotebookScope))
	ada.LookupEnv = env(repertoire.EnvBaseURL, discoveryURL)
	cs, err := s.resolve(t, ada) // without a Logger of its own
	if err != nil {
		t.Fatal(err)
	}
	s.call(t, cs)
	if text := s.log.String(); !strings.Contains(text, "using a token") {
		t.Errorf("the log is %s, want what the resolver's flow does", text)
	}
}
