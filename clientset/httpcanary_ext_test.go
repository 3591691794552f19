package clientset_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors/httpauth"
	"github.com/jetway-go/jetway/internal/secrettest"
)

// Whatever goes wrong with an HTTP request, no secret of the client shows: not in an error,
// not in a log at debug level, not when an answer or its request is printed.
func TestNoSecretIsShownByAnHTTPRequest(t *testing.T) {
	t.Parallel()
	var seen secrettest.Sink
	s := api(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/broken":
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = conn.Close()
			}
		case "/away":
			http.Redirect(w, r, "https://login.example.com/?state=x", http.StatusFound)
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	for _, base := range []string{s.URL, "http://far.example.com"} {
		cs := webClient(t, base, clientset.WithLogger(seen.Logger()), clientset.WithoutRetry(),
			clientset.WithProxyFlow(flow.StaticToken(canaryProxy), nil))
		for range 2 {
			for _, path := range []string{"/broken", "/away", "/"} {
				for _, body := range []io.Reader{nil, struct{ io.Reader }{strings.NewReader("x")}} {
					r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, cs.HTTPURL(path)+"?token="+canarySecret, body)
					if err != nil {
						t.Fatal(err)
					}
					answer, err := cs.HTTPClient().Do(r)
					if err != nil {
						seen.Dump(httpauth.Scrub(err))
						continue
					}
					_ = answer.Body.Close()
					_, _ = fmt.Fprintln(&seen, answer.Status, answer.Header["Server"], answer.Request.Header)
				}
			}
			_, _ = fmt.Fprintln(&seen, cs.HTTPURL("/"), cs)
			seen.Dump(cs.Close())
		}
	}
	seen.Hides(t, canaryToken, canaryProxy, canarySecret)
	seen.Heard(t, "credentials rejected", "WithPlaintextCredentials", "client set closed", "level=DEBUG", "302 Found")
}
