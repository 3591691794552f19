package auth_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/configstore"
)

// weather is an authorization server, and the way to it, that fails in turn.
type weather struct {
	fine     atomic.Bool
	requests atomic.Int64
}

func (w *weather) RoundTrip(q *http.Request) (*http.Response, error) {
	n := w.requests.Add(1)
	answer := func(code int, body string, header ...string) (*http.Response, error) {
		r := &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: q}
		if len(header) > 0 {
			r.Header.Set(header[0], header[1])
		}
		return r, nil
	}
	if w.fine.Load() {
		return answer(http.StatusOK, `{"access_token":"recovered","refresh_token":"`+refreshCanary+`","token_type":"Bearer","expires_in":3600}`)
	}
	switch n % 8 {
	case 0:
		return answer(http.StatusInternalServerError, `{"error":"server_error"}`)
	case 1:
		return answer(http.StatusServiceUnavailable, "<html>"+refreshCanary+"</html>", "Retry-After", "5")
	case 2:
		return answer(http.StatusTooManyRequests, `{"error":"slow_down"}`, "Retry-After", "2")
	case 3:
		return nil, &net.DNSError{Err: "no such host", Name: "idp.example.com", IsNotFound: true}
	case 4:
		<-q.Context().Done() // no server answers
		return nil, q.Context().Err()
	case 5:
		return answer(http.StatusBadRequest, `{"error":"temporarily_unavailable"}`)
	case 6:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	default:
		return answer(http.StatusBadGateway, "")
	}
}

// Ten minutes of every kind of transient error: nothing stored is lost, no person is
// asked, and it ends by itself.
func TestTransientErrorsAreNoRejection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var logged strings.Builder
		log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug - 4}))
		dir := t.TempDir()
		k := auth.Key{Endpoint: "flyte.example.com", Flow: auth.StoredFlow}
		store := tokenstore.Default(flow.Stored{}.Traits(), tokenstore.Config{NoKeyring: true, Dir: filepath.Join(dir, "credentials"), LockDir: filepath.Join(dir, "locks"), Logger: log})
		stored := &auth.Credentials{AccessToken: accessCanary, RefreshToken: refreshCanary, Expiry: time.Now().Add(-time.Minute), ClientID: "cli"}
		if err := store.Store(t.Context(), k, stored); err != nil {
			t.Fatal(err)
		}
		w := &weather{}
		env := auth.Env{
			Endpoint: k.Endpoint, HTTP: &http.Client{Transport: w}, Logger: log,
			Config: configstore.Static(configstore.ClientConfig{TokenEndpoint: "https://idp.example.com/token", ClientID: "cli"}),
		}
		a := auth.New(k, flow.Stored{}, env, auth.WithStore(store))
		defer func() { _ = a.Close() }()

		kinds := map[codes.Code]int{}
		for start := time.Now(); time.Since(start) < 10*time.Minute; time.Sleep(time.Second) {
			c, err := a.Credentials(t.Context())
			if err == nil && c != nil {
				_, err = a.Refresh(t.Context(), c) // the server insists
			}
			kinds[status.Code(err)]++
			if errors.Is(err, auth.ErrInteractionRequired) || errors.Is(err, auth.ErrRejected) || leaks(fmt.Sprint(err)) {
				t.Fatalf("after %v: %v", time.Since(start), err)
			}
		}
		if len(kinds) != 1 || kinds[codes.Unavailable] == 0 {
			t.Errorf("calls ended with %v, want Unavailable", kinds)
		}
		if n := w.requests.Load(); n < 20 || n > 700 {
			t.Errorf("%d requests in ten minutes", n)
		}
		if got, err := store.Retrieve(t.Context(), k); err != nil || cmp.Diff(stored, got, cmpopts.IgnoreUnexported(auth.Credentials{}), cmpopts.IgnoreFields(auth.Credentials{}, "RetryAt")) != "" {
			t.Errorf("stored is %v, %v", got, err)
		}

		w.fine.Store(true)
		time.Sleep(time.Minute)
		if got := token(t, a); got != "recovered" {
			t.Errorf("got %q", got)
		}
		if err := a.Logout(t.Context()); err != nil {
			t.Error(err)
		}
		if leaks(logged.String()) {
			t.Errorf("log: %s", logged.String())
		}
	})
}
