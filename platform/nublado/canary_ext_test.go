package nublado_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/internal/platformtest"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/gafaelfawr"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

// Whatever goes wrong, only keys of tokens show, in logs and everywhere else.
func TestNubladoShowsOnlyTheKeysOfTokens(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := s.gafaelfawr.IssueToken("root", 0, "admin:token")
	own := s.gafaelfawr.IssueToken("ada", 0, nubladotest.NotebookScope)
	h := s.gafaelfawr.Delegate("grace", nubladotest.NotebookScope)
	secrets := []string{admin, own, h.Get(nublado.HeaderToken), stranger}

	kept := platformtest.File(t, stranger+"\n")
	for _, source := range []nublado.Source{
		nublado.ForToken("ada", own).Source,
		nublado.FromRequest(h),
		nublado.Created{Username: "bot-x", Admin: flow.SecretValue(admin)},
		nublado.Created{Username: "bot-x", Admin: flow.SecretFile(kept)},
		nublado.Service{Username: "ada", Token: flow.SecretValue(own + "!")},
		nublado.Service{Username: "ada", Token: flow.SecretValue("x" + own)},
	} {
		r := nublado.Resolver{Source: source, LookupEnv: env(repertoire.EnvBaseURL, discoveryURL)}
		s.log.Dump(r)
		s.log.Dump(source)
		var target platform.Target
		target, err := r.Resolve(t.Context(), s.http())
		s.log.Dump(target)
		s.log.Dump(target.Flow)
		s.log.Dump(err)
		cs, err := s.connect(t, r)
		if err != nil {
			s.log.Dump(err)
			continue
		}
		for _, fail := range []func(){
			func() {},
			func() {
				s.gafaelfawr.RevokeTokens("ada")
				s.gafaelfawr.RevokeTokens("grace")
				s.gafaelfawr.RevokeTokens("bot-x")
			},
			func() {
				s.gafaelfawr.Fail(http.StatusForbidden, nil, `{"detail":[{"type":"`+admin+`","msg":"`+admin+` `+own+"\"}]}")
				s.gafaelfawr.RevokeTokens("bot-x")
			},
		} {
			fail()
			s.log.Dump(list(t.Context(), cs))
			s.log.Dump(cs)
			s.log.Dump(cs.Authenticator().Status())
			if c, err := cs.Authenticator().Credentials(t.Context()); err == nil && c != nil {
				s.log.Dump(c)
				secrets = append(secrets, c.AccessToken)
			}
		}
		s.gafaelfawr.Fail(0, nil, "")
	}
	token, err := gafaelfawr.ParseToken(stranger)
	if err != nil {
		t.Fatal(err)
	}
	s.log.Dump(token)

	for _, secret := range secrets {
		_, hidden, _ := strings.Cut(secret, ".")
		s.log.Hides(t, hidden)
	}
	s.log.Heard(t, token.Key(), "[redacted]", "created a token", "permission denied", "level=DEBUG")
}
