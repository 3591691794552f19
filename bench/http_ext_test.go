package bench_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	gauth "cloud.google.com/go/auth"
	"cloud.google.com/go/auth/httptransport"
	"golang.org/x/oauth2"
	"google.golang.org/grpc/test/bufconn"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors/httpauth"
)

const httpBase = "http://localhost"

// httpWay is one way of having a token on every HTTP request. Only ours can renew the
// token when it is rejected and send the request again, and only the ClientSet sends
// something more: an x-request-id and a user agent of its own.
type httpWay struct {
	name   string
	client *http.Client
	header http.Header
}

// httpWays begins with the floor: the caller has built the header beforehand.
func httpWays(tb testing.TB) []httpWay {
	tb.Helper()
	a := auth.New(auth.Key{}, flow.StaticToken(jwt), auth.Env{})
	tb.Cleanup(func() { _ = a.Close() })
	cs, err := clientset.ForEndpoint("", clientset.WithHTTPBase(httpBase), clientset.WithAuthenticator(a),
		clientset.WithHTTPClient(&http.Client{Transport: httpServer(tb)}))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = cs.Close() })
	cloud := &http.Client{Transport: httpServer(tb)}
	if err := httptransport.AddAuthorizationMiddleware(cloud, gauth.NewCredentials(&gauth.CredentialsOptions{TokenProvider: fixedToken{}})); err != nil {
		tb.Fatal(err)
	}
	return []httpWay{
		{"floor", &http.Client{Transport: httpServer(tb)}, http.Header{"Authorization": {"Bearer " + jwt}}},
		{"httpauth", &http.Client{Transport: httpauth.New(a, httpServer(tb), httpauth.WithOrigins(httpBase))}, http.Header{}},
		{"clientset", cs.HTTPClient(), http.Header{}},
		{"x-oauth2", &http.Client{Transport: &oauth2.Transport{
			Base: httpServer(tb), Source: oauth2.ReuseTokenSource(nil, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: jwt})),
		}}, http.Header{}},
		{"cloud-httptransport", cloud, http.Header{}},
	}
}

// fixedToken is the token of the others.
type fixedToken struct{}

func (fixedToken) Token(context.Context) (*gauth.Token, error) {
	return &gauth.Token{Value: jwt, Type: "Bearer", Expiry: time.Now().Add(24 * time.Hour)}, nil
}

// httpServer serves in memory, and returns a transport of its own to it.
func httpServer(tb testing.TB) *http.Transport {
	tb.Helper()
	l := bufconn.Listen(1 << 16)
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+jwt {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.WriteString(w, "ok")
	})}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.DialContext(ctx) }}
	tb.Cleanup(func() {
		t.CloseIdleConnections()
		_ = s.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			tb.Error(err)
		}
	})
	return t
}

// get makes one request and reads its answer.
func (w httpWay) get(tb testing.TB) {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, httpBase+"/", nil)
	if err != nil {
		tb.Fatal(err)
	}
	r.Header = w.header
	answer, err := w.client.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		tb.Fatal(answer.Status, err)
	}
	_ = answer.Body.Close()
}

func TestEveryHTTPWaySendsTheToken(t *testing.T) {
	t.Parallel()
	for _, w := range httpWays(t) {
		w.get(t)
	}
}

// BenchmarkHTTP counts client and server together, like BenchmarkCall.
func BenchmarkHTTP(b *testing.B) {
	for _, w := range httpWays(b) {
		b.Run("v="+w.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.get(b)
			}
		})
	}
}
