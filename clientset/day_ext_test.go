package clientset_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// A day of calls with tokens of five minutes, against a server whose clock runs up
// to a minute and a half before or behind ours and changes its mind all the time.
func TestADayWithShortTokensAndWrongClocks(t *testing.T) {
	t.Parallel()
	const (
		ttl  = 5 * time.Minute
		skew = 90 * time.Second
	)
	for name, login := range map[string]func(*mockserver.Server) auth.Flow{
		"client credentials": func(s *mockserver.Server) auth.Flow {
			return flow.ClientCredentials{ClientID: s.ClientID(), Secret: flow.SecretValue(s.ClientSecret())}
		},
		"password, rotating refresh tokens": func(s *mockserver.Server) auth.Flow {
			return flow.Password{Username: s.Login(), Password: flow.SecretValue(s.Password())}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := quiet(t, silent(), mockserver.WithInMemory(), mockserver.WithOAuth(oauth.Config{TokenTTL: ttl}))
				opts := append(reach(s), clientset.WithInsecure(), clientset.WithFlow(login(s)), clientset.WithoutRetry())
				cs := made(t)(clientset.ForEndpoint(s.Endpoint(), opts...))

				begin := time.Now()
				var wg sync.WaitGroup
				for range 2 {
					wg.Go(func() {
						for time.Since(begin) < 24*time.Hour {
							if err := list(t.Context(), cs); err != nil {
								t.Errorf("after %v: %v", time.Since(begin), err)
								return
							}
							time.Sleep(rand.N(2 * time.Minute))
						}
					})
				}
				wg.Go(func() {
					for time.Since(begin) < 24*time.Hour {
						s.SetClockOffset(rand.N(2*skew) - skew)
						time.Sleep(rand.N(20 * time.Minute))
					}
				})
				wg.Wait()

				// Given what the clocks do, a token lasts between two and five minutes or so.
				if n := s.TokenRequests(); n < 250 || n > 900 {
					t.Errorf("%d token requests in a day, want about one for each token", n)
				}
			})
		})
	}
}
