package httpauth_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors/httpauth"
)

// doubting is a source that doubts every rejection.
type doubting struct{ *source }

func (doubting) Doubted(context.Context, *auth.Credentials) bool { return true }

// Where the source doubts a rejection, the request is sent once more with the same token, and
// then with another one, if it can be repeated.
func TestADoubtedRejectionIsPutToTheTestOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rejections int
		once       bool // the body can be read once only
		sent       []string
		status     int
	}{
		"none":                          {0, false, []string{"token-0"}, http.StatusOK},
		"one":                           {1, false, []string{"token-0", "token-0"}, http.StatusOK},
		"two":                           {2, false, []string{"token-0", "token-0", "token-1"}, http.StatusOK},
		"three":                         {3, false, []string{"token-0", "token-0", "token-1"}, http.StatusUnauthorized},
		"one of what is not repeatable": {1, true, []string{"token-0"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var sent []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if body, _ := io.ReadAll(r.Body); string(body) != "body" {
					t.Errorf("the body is %q", body)
				}
				mu.Lock()
				defer mu.Unlock()
				sent = append(sent, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
				if len(sent) <= tt.rejections {
					w.WriteHeader(http.StatusUnauthorized)
				}
			}))
			defer server.Close()
			transport := httpauth.New(doubting{newSource(bearer)}, server.Client().Transport, httpauth.WithOrigins(server.URL))
			var body io.Reader = strings.NewReader("body")
			if tt.once {
				body = io.MultiReader(body)
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, body)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := transport.RoundTrip(r)
			status := 0
			if err == nil {
				status = answer.StatusCode
				_ = answer.Body.Close()
			}
			if status != tt.status || !slices.Equal(sent, tt.sent) {
				t.Errorf("%v, status %d after %q, want %d after %q", err, status, sent, tt.status, tt.sent)
			}
		})
	}
}
