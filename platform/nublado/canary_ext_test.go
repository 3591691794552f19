package nublado_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/status"

	gafaelfawrmock "github.com/jetway-go/jetway/mockserver/siblings/gafaelfawr"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/gafaelfawr"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

// dump prints v in every way that a program may print it.
func (s *sink) dump(v any) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(s, verb+"\n", v)
	}
	if text, err := json.Marshal(v); err == nil {
		_, _ = s.Write(text)
	}
	for err, ok := v.(error); ok && err != nil; err = errors.Unwrap(err) {
		fmt.Fprintf(s, "%#v %v\n", err, status.Convert(err).Proto())
	}
}

// Whatever goes wrong, only keys of tokens show, in logs and everywhere else.
func TestNubladoShowsOnlyTheKeysOfTokens(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := s.gafaelfawr.AddToken("root", 0, "admin:token")
	own := s.gafaelfawr.AddToken("ada", 0, gafaelfawrmock.NotebookScope)
	h := s.gafaelfawr.Delegate("grace", gafaelfawrmock.NotebookScope)
	secrets := []string{admin, own, h.Get(nublado.HeaderToken), stranger}

	kept := filepath.Join(t.TempDir(), "admin")
	if err := os.WriteFile(kept, []byte(stranger+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, source := range []nublado.Source{
		nublado.ForToken("ada", own).Source,
		nublado.FromRequest(h),
		nublado.Created{Username: "bot-x", Admin: nublado.SecretValue(admin)},
		nublado.Created{Username: "bot-x", Admin: nublado.SecretFile(kept)},
		nublado.Service{Username: "ada", Token: nublado.SecretValue(own + "!")},
		nublado.Service{Username: "ada", Token: nublado.SecretValue("x" + own)},
	} {
		r := nublado.Resolver{Source: source, LookupEnv: env(repertoire.EnvBaseURL, discoveryURL)}
		s.log.dump(r)
		s.log.dump(source)
		var target platform.Target
		target, err := r.Resolve(t.Context(), s.http())
		s.log.dump(target)
		s.log.dump(target.Flow)
		s.log.dump(err)
		cs, err := s.connect(t, r)
		if err != nil {
			s.log.dump(err)
			continue
		}
		for _, fail := range []func(){
			func() {},
			func() { s.gafaelfawr.Revoke("ada"); s.gafaelfawr.Revoke("grace"); s.gafaelfawr.Revoke("bot-x") },
			func() {
				s.gafaelfawr.Fail(http.StatusForbidden, nil, `{"detail":[{"type":"`+admin+`","msg":"`+admin+` `+own+"\"}]}")
				s.gafaelfawr.Revoke("bot-x")
			},
		} {
			fail()
			s.log.dump(list(t.Context(), cs))
			s.log.dump(cs)
			s.log.dump(cs.Authenticator().Status())
			if c, err := cs.Authenticator().Credentials(t.Context()); err == nil && c != nil {
				s.log.dump(c)
				secrets = append(secrets, c.AccessToken)
			}
		}
		s.gafaelfawr.Fail(0, nil, "")
	}
	token, err := gafaelfawr.ParseToken(stranger)
	if err != nil {
		t.Fatal(err)
	}
	s.log.dump(token)

	text := s.log.String()
	for _, secret := range secrets {
		_, hidden, _ := strings.Cut(secret, ".")
		for _, form := range []string{hidden, fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden)} {
			if i := strings.Index(text, form); i >= 0 {
				t.Errorf("a secret shows in: …%s…", text[max(0, i-300):min(len(text), i+40)])
			}
		}
	}
	for _, proof := range []string{token.Key(), "[redacted]", "created a token", "permission denied", `"level":"DEBUG"`} {
		if !strings.Contains(text, proof) {
			t.Errorf("the scan saw nothing of %q, so it proves little", proof)
		}
	}
}
