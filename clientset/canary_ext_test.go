package clientset_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors"
	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// standardOutput is what f and its goroutines print.
func standardOutput(t *testing.T, f func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	text := make(chan string, 1)
	go func() {
		all, _ := io.ReadAll(r)
		text <- string(all)
	}()
	out, errOut := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = w, w
	closed := sync.OnceFunc(func() {
		os.Stdout, os.Stderr = out, errOut
		_ = w.Close()
	})
	defer closed() // f may end the test
	f()
	closed()
	return <-text
}

const (
	canarySecret  = "canary-client-secret"
	canaryToken   = "canary-access-token"
	canaryRefresh = "canary-refresh-token"
	canaryProxy   = "canary-proxy-password"
)

// Whatever goes wrong, no secret shows: not in an error, not in a log at debug
// level, not when the client itself is printed, and nothing is printed unasked.
func TestNoSecretIsShownAnywhere(t *testing.T) { //nolint:paralleltest // it takes the process's standard output
	var seen secrettest.Sink
	logger := seen.Logger()
	secrets := []string{canarySecret, canaryToken, canaryRefresh, canaryProxy}
	attempt := func(s *mockserver.Server, cs *clientset.ClientSet, err error) {
		if err != nil {
			seen.Dump(err)
			return
		}
		defer func() { seen.Dump(cs.Close()) }()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		seen.Dump(cs.Login(ctx))
		seen.Dump(list(ctx, cs))
		s.Script().RevokeTokens()
		err = list(ctx, cs)
		seen.Dump(err)
		fmt.Fprintln(&seen, interceptors.RequestID(err))
		stream, err := cs.Run().WatchRuns(ctx, nil)
		if err == nil {
			_, err = stream.Recv()
		}
		seen.Dump(err)
		seen.Dump(cs)
		seen.Dump(cs.Authenticator())
		seen.Dump(cs.Authenticator().Status())
		if c, err := cs.Authenticator().Credentials(ctx); err == nil {
			seen.Dump(c)
			if c != nil {
				secrets = append(secrets, c.AccessToken)
			}
		}
	}

	printed := standardOutput(t, func() {
		for _, fault := range []func(*mockserver.Script){
			func(*mockserver.Script) {},
			func(c *mockserver.Script) { c.TokenEndpoint().Down(true) },
			func(c *mockserver.Script) { c.TokenEndpoint().Echo(true) },
			func(c *mockserver.Script) { c.TokenEndpoint().Flood(10 << 20) },
			func(c *mockserver.Script) {
				c.TokenEndpoint().Redirect("http://127.0.0.1:1/?secret="+canarySecret, http.StatusTemporaryRedirect)
			},
			func(c *mockserver.Script) { c.TokenEndpoint().ExpiresIn(-1) },
			func(c *mockserver.Script) { c.TokenEndpoint().Refuse(9, "invalid_client") },
		} {
			s := quiet(t, mockserver.WithOAuth(oauth.Config{
				Clients: []oauth.Client{{ID: "canary", Secret: canarySecret}},
			}), mockserver.WithLogger(slog.New(slog.DiscardHandler)))
			fault(s.Script())
			opts := []clientset.Option{clientset.WithInsecure(), clientset.WithLogger(logger), clientset.WithoutRetry(), clientset.WithoutStore()}
			key := s.APIKey()
			secrets = append(secrets, key)
			cs, err := clientset.ForAPIKey(key, opts...)
			attempt(s, cs, err)

			cs, err = clientset.ForEndpoint(s.Endpoint(), append(opts, clientset.WithCredentials(
				&auth.Credentials{AccessToken: canaryToken, RefreshToken: canaryRefresh}))...)
			attempt(s, cs, err)

			cs, err = clientset.ForEndpoint(s.Endpoint(), append(opts, clientset.WithFlow(flow.StaticToken(canaryToken)),
				clientset.WithProxyFlow(flow.StaticToken(canaryProxy), nil))...)
			attempt(s, cs, err)

			cs, err = clientset.ForEndpoint(far, append(opts, leadTo(s), clientset.WithFlow(flow.StaticToken(canaryToken)))...)
			attempt(s, cs, err)

			cs, err = clientset.ForAPIKey(key, append(opts, clientset.WithProxyURL("socks5://u:"+canaryProxy+"@h:1"))...)
			attempt(s, cs, err)
			cs, err = clientset.ForAPIKey(key, append(opts, clientset.WithProxyURL("http://u:"+canaryProxy+"@h:1:1"))...)
			attempt(s, cs, err)
		}
		_, err := clientset.ForAPIKey(base64.StdEncoding.EncodeToString([]byte("h:1:id:" + canarySecret + ":x:y")))
		seen.Dump(err)
		_, err = clientset.ForEndpoint("https://u:" + canarySecret + "@h")
		seen.Dump(err)
	})

	if printed != "" {
		t.Errorf("printed unasked: %s", printed)
	}
	seen.Hides(t, secrets...)
	seen.Heard(t, "credentials rejected", "WithPlaintextCredentials", "invalid_client", "redirects", "level=DEBUG")
}
