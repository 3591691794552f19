package mockserver_test

import (
	"io"
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

func TestMountServesAPathAndWhatLiesBelow(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithHTTPFront(), mockserver.WithProxyAuth("token-of-the-proxy"))
	says := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
	}
	s.Mount("/mine", says("old"))
	s.Mount("/mine/", says("mine"))
	for path, want := range map[string]bool{"/mine": true, "/mine/": true, "/mine/a/b": true, "/miner": false, "/": false} {
		for _, base := range []string{s.HTTPURL(), s.URL()} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if _, body := roundTrip(t, s, r); (string(body) == "mine") != want {
				t.Errorf("%s%s: %q", base, path, body)
			}
		}
	}
	for _, r := range s.Requests() {
		if r.Method == "GET /mine" {
			t.Error("a request to what is mounted was logged")
		}
	}
}

func TestChangesGrowWithWhatHappens(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithProject("demo"))
	conn := connect(t, s)
	none := s.Changes()
	token := fetchToken(t, s)
	login := s.Changes()
	if login.Requests <= none.Requests || login.Logins <= none.Logins || login.Runs != none.Runs {
		t.Errorf("a login: %+v, then %+v", none, login)
	}
	if s.Changes() != login {
		t.Error("nothing has happened")
	}
	startRun(with(short(t), token), t, conn)
	if run := s.Changes(); run.Runs <= login.Runs || run.Logins != login.Logins {
		t.Errorf("a run: %+v, then %+v", login, run)
	}
	s.Script().FailNext("*", 1, codes.Internal, "it broke")
	wantCode(t, list(with(short(t), token), conn), codes.Internal)
	latest := s.Latest(1)
	if len(latest) != 1 || latest[0].Number != 3 || latest[0].Reason != "it broke" || latest[0].Took <= 0 {
		t.Errorf("latest: %+v", latest)
	}
	if all := s.Latest(100); len(all) != 3 || all[0].Number != 1 || len(s.Latest(-1)) != 0 {
		t.Errorf("%d requests", len(all))
	}
	s.ResetRequests()
	if len(s.Latest(10)) != 0 || s.Changes().Requests == 0 {
		t.Error("after the reset")
	}
	_ = list(with(short(t), token), conn)
	if got := s.Latest(1)[0].Number; got != 4 {
		t.Errorf("number %d after the reset", got)
	}
}

// The message of a failed call is what a test wrote or a handler made of the request.
func TestReasonHoldsNoSecret(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	conn, token := connect(t, s), fetchToken(t, s)
	s.Script().FailNext("*", 1, codes.Internal, "the token was "+token)
	_ = list(with(short(t), token), conn)
	if got := s.Latest(1)[0].Reason; got != "[redacted]" {
		t.Errorf("reason %q", got)
	}
	if got := s.WithoutSecrets("the secret is " + s.ClientSecret()); got != "[redacted]" || s.WithoutSecrets("no secret") != "no secret" {
		t.Errorf("got %q", got)
	}
}
