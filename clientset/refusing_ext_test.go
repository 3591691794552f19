package clientset_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver"
)

// A backend refuses every new token, in gRPC and in HTTP. Twenty callers, calls and requests
// in turn, lead to at most seven token requests in the first minute.
func TestTokensThatAllOfABackendRefusesBackOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := quiet(t, silent(), mockserver.WithInMemory(), mockserver.WithRequestLog(0))
		var issued atomic.Int64
		s.Script().TokenEndpoint().Rewrite(func(answer map[string]any) {
			answer["access_token"] = fmt.Sprint("for-another-backend-", issued.Add(1))
		})
		cs := connect(t, s, clientset.WithHTTPBase(s.HTTPURL()))
		end := time.Now().Add(59 * time.Second)
		var callers sync.WaitGroup
		for n := range 20 {
			callers.Go(func() {
				for turn := n; time.Now().Before(end); turn++ {
					if turn%2 == 0 {
						if err := list(t.Context(), cs); status.Code(err) != codes.Unauthenticated {
							t.Errorf("the call: %v", err)
						}
					} else if code, _, err := get(t.Context(), cs, "/oauth2/userinfo"); code != http.StatusUnauthorized && status.Code(err) != codes.Unauthenticated {
						t.Errorf("the request: %d, %v", code, err)
					}
					time.Sleep(100 * time.Millisecond)
				}
			})
		}
		callers.Wait()
		if n := s.TokenRequests(); n < 5 || n > 7 {
			t.Errorf("%d token requests in the first minute, want 7 at most", n)
		}
	})
}
