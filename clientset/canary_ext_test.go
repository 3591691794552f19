package clientset_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// sink takes everything that could be read by somebody. Safe for concurrent use.
type sink struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// dump prints v in every way that a program may print it.
func (s *sink) dump(v any) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(s, verb+"\n", v)
	}
	if text, err := json.Marshal(v); err == nil {
		_, _ = s.Write(text)
	}
	for err, ok := v.(error); ok && err != nil; err = errors.Unwrap(err) {
		fmt.Fprintf(s, "%#v %v\n", err, status.Convert(err).Proto())
	}
}

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
func TestNoSecretShows(t *testing.T) { //nolint:paralleltest // it takes the process's standard output
	var seen sink
	logger := slog.New(slog.NewJSONHandler(&seen, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}))
	secrets := []string{canarySecret, canaryToken, canaryRefresh, canaryProxy}
	attempt := func(s *mockserver.Server, cs *clientset.ClientSet, err error) {
		if err != nil {
			seen.dump(err)
			return
		}
		defer func() { seen.dump(cs.Close()) }()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		seen.dump(cs.Login(ctx))
		seen.dump(list(ctx, cs))
		s.Script().RevokeTokens()
		err = list(ctx, cs)
		seen.dump(err)
		fmt.Fprintln(&seen, interceptors.RequestID(err))
		stream, err := cs.Run().WatchRuns(ctx, nil)
		if err == nil {
			_, err = stream.Recv()
		}
		seen.dump(err)
		seen.dump(cs)
		seen.dump(cs.Authenticator())
		seen.dump(cs.Authenticator().Status())
		if c, err := cs.Authenticator().Credentials(ctx); err == nil {
			seen.dump(c)
			if c != nil {
				secrets = append(secrets, c.AccessToken)
			}
		}
	}

	printed := standardOutput(t, func() {
		for _, fault := range []func(*oauth.Faults){
			func(*oauth.Faults) {},
			func(f *oauth.Faults) { f.Down(true) },
			func(f *oauth.Faults) { f.Echo(true) },
			func(f *oauth.Faults) { f.Flood(10 << 20) },
			func(f *oauth.Faults) {
				f.Redirect("http://127.0.0.1:1/?secret="+canarySecret, http.StatusTemporaryRedirect)
			},
			func(f *oauth.Faults) { f.ExpiresIn(-1) },
			func(f *oauth.Faults) { f.FailNext(9, oauth.RefusalAnswer("invalid_client")) },
		} {
			s := quiet(t, mockserver.WithClient("canary", canarySecret), mockserver.WithLogger(slog.New(slog.DiscardHandler)))
			fault(s.Script().TokenEndpoint())
			opts := []clientset.Option{clientset.WithInsecure(), clientset.WithLogger(logger), clientset.WithoutRetry(), clientset.WithoutStore()}
			key := s.APIKey()
			secrets = append(secrets, key)
			cs, err := clientset.ForAPIKey(key, opts...)
			attempt(s, cs, err)

			cs, err = clientset.ForEndpoint(s.Endpoint(), append(opts, clientset.WithCredentials(
				&auth.Credentials{AccessToken: canaryToken, RefreshToken: canaryRefresh}))...)
			attempt(s, cs, err)

			cs, err = clientset.ForEndpoint(s.Endpoint(), append(opts, clientset.WithFlow(flow.Token(canaryToken)),
				clientset.WithProxyFlow(flow.Token(canaryProxy), nil))...)
			attempt(s, cs, err)

			cs, err = clientset.ForEndpoint(far, append(opts, leadTo(s), clientset.WithFlow(flow.Token(canaryToken)))...)
			attempt(s, cs, err)

			cs, err = clientset.ForAPIKey(key, append(opts, clientset.WithProxyURL("socks5://u:"+canaryProxy+"@h:1"))...)
			attempt(s, cs, err)
			cs, err = clientset.ForAPIKey(key, append(opts, clientset.WithProxyURL("http://u:"+canaryProxy+"@h:1:1"))...)
			attempt(s, cs, err)
		}
		_, err := clientset.ForAPIKey(base64.StdEncoding.EncodeToString([]byte("h:1:id:" + canarySecret + ":x:y")))
		seen.dump(err)
		_, err = clientset.ForEndpoint("https://u:" + canarySecret + "@h")
		seen.dump(err)
	})

	if printed != "" {
		t.Errorf("printed unasked: %s", printed)
	}
	text := seen.String()
	for _, secret := range secrets {
		for _, form := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)), fmt.Sprintf("%x", secret)} {
			if i := strings.Index(text, form); i >= 0 {
				t.Errorf("a secret shows in: …%s…", text[max(0, i-300):min(len(text), i+len(form)+40)])
				break
			}
		}
	}
	for _, proof := range []string{"credentials rejected", "WithPlaintextCredentials", "invalid_client", "redirects", `"level":"DEBUG"`} {
		if !strings.Contains(text, proof) {
			t.Errorf("the scan saw nothing of %q, so it proves little", proof)
		}
	}
}
