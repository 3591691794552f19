package clientset_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
)

// switching is an HTTP server that answers 101 to everything, and says nothing more.
func switching(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				_, _ = c.Read(make([]byte, 4096))
				_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
				select {
				case <-over:
				case <-time.After(20 * time.Second): // where the rule does not hold
				}
			})
		}
	})
	t.Cleanup(func() {
		close(over)
		_ = l.Close()
		all.Wait()
	})
	return "http://" + l.Addr().String()
}

// The body of such an answer is the connection, of which no context ends a read.
func TestAnswerThatSwitchesProtocolsUnaskedIsAnError(t *testing.T) {
	t.Parallel()
	base := switching(t)
	env := auth.Env{Config: configstore.Static(configstore.ClientConfig{
		TokenEndpoint: base, RevocationEndpoint: base, ClientID: "c",
	})}
	for name, call := range map[string]func() error{
		"a token request": func() error {
			_, err := flow.ClientCredentials{ClientID: "c", Secret: flow.SecretValue("a long secret")}.Obtain(t.Context(), env, nil)
			return err
		},
		"a revocation": func() error {
			return flow.PKCE{}.Revoke(t.Context(), env, &auth.Credentials{AccessToken: "an access token", RefreshToken: "a refresh token"})
		},
		"a call by HTTP": func() error {
			cs, err := clientset.ForEndpoint(base, clientset.WithHTTPBase(base), clientset.WithoutAuth())
			if err != nil {
				return err
			}
			defer cs.Close()
			answer, err := cs.HTTPClient().Get(base)
			if err == nil {
				_, _ = io.ReadAll(answer.Body)
				err = answer.Body.Close()
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := call(); err == nil || !strings.Contains(err.Error(), "was not asked for") {
				t.Error(err)
			}
		})
	}
}
