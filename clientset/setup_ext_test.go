package clientset_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
)

func TestSetupSaysWhatTheOptionsCameToAndPrintsNoSecret(t *testing.T) {
	t.Parallel()
	cs := made(t)(clientset.ForEndpoint("flyte.example.com", clientset.WithProxyURL("http://ada:canary-password@proxy.example.com:3128"),
		clientset.WithServerName("other.example.com"), clientset.WithFlow(flow.StaticToken("canary-token"))))
	s := cs.Setup()
	if s.Host != "flyte.example.com" || s.Port != "443" || s.Plaintext || s.OwnDialing || !s.Login || !s.AsksBackend || s.Store != nil ||
		s.TLS.ServerName != "other.example.com" || s.Proxy.Host != "proxy.example.com:3128" || s.ProxyFrom != "WithProxyURL" {
		t.Errorf("%s: %s:%s, %v", s, s.Host, s.Port, s.ProxyFrom)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, s); strings.Contains(text, "canary") || !strings.Contains(text, "flyte.example.com") {
			t.Errorf("%s prints %s", verb, text)
		}
	}
	s.TLS.ServerName = "changed.example.com"
	if again := cs.Setup(); again.TLS.ServerName != "other.example.com" {
		t.Error("a change of the copy changes the client")
	}
	httpOnly := webClient(t, "https://hub.example.com/hub").Setup()
	if httpOnly.Target != "" || httpOnly.Host != "hub.example.com" || httpOnly.HTTPBase != "https://hub.example.com/hub" {
		t.Errorf("%s of an HTTP API", httpOnly)
	}
	if s := made(t)(clientset.ForEndpoint("h", clientset.WithoutAuth())).Setup(); s.Login || s.Config != nil {
		t.Error("a login in spite of WithoutAuth")
	}
}
