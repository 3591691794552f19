package clientset_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// One method rejects every token for an hour, and the others take it: none of their calls is
// lost or late while the token is good, whatever becomes of the authorization server, and the
// rejected ones end with the server's own status.
func TestMethodThatRejectsAllStopsNoOther(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		trouble func(*mockserver.Script)
		static  bool
		most    int // token requests
	}{
		"up":                        {func(*mockserver.Script) {}, false, 75},
		"slow":                      {func(c *mockserver.Script) { c.TokenEndpoint().Slow(3 * time.Second) }, false, 75},
		"down":                      {func(c *mockserver.Script) { c.TokenEndpoint().Down(true) }, false, 3 * 3600},
		"hangs":                     {func(c *mockserver.Script) { c.TokenEndpoint().Hang(true) }, false, 3600},
		"hands back the same token": {func(*mockserver.Script) {}, true, 0},
		"refuses the client":        {func(c *mockserver.Script) { c.TokenEndpoint().Refuse(1<<30, "invalid_client") }, false, 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := quiet(t, silent(), mockserver.WithInMemory(), mockserver.WithRequestLog(0),
					mockserver.WithOAuth(oauth.Config{TokenTTL: 2 * time.Hour}))
				login := clientset.WithFlow(flow.ClientCredentials{ClientID: s.ClientID(), Secret: flow.SecretValue(s.ClientSecret())})
				if tt.static {
					issued, err := s.Script().IssueToken(oauth.TokenSpec{ClientID: s.ClientID(), Scopes: []string{mockserver.DefaultScope}})
					if err != nil {
						t.Fatal(err)
					}
					login = clientset.WithFlow(flow.StaticToken(issued.AccessToken))
				}
				cs := made(t)(clientset.ForEndpoint(s.Endpoint(), append(reach(s), clientset.WithInsecure(), login)...))
				if err := list(t.Context(), cs); err != nil {
					t.Fatal(err)
				}
				tt.trouble(s.Script())
				s.Script().FailNext("/flyteidl2.project.ProjectService/GetProject", 1<<30, codes.Unauthenticated, "not with this one")
				s.ResetRequests()
				end := time.Now().Add(time.Hour)
				var wg sync.WaitGroup
				wg.Go(func() {
					for ; time.Now().Before(end); time.Sleep(time.Second) {
						if _, err := cs.Project().GetProject(t.Context(), &projectpb.GetProjectRequest{Id: "demo"}); status.Code(err) != codes.Unauthenticated {
							t.Errorf("the method that rejects: %v", err)
						}
					}
				})
				lost := 0
				for ; time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
					ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
					if err := list(ctx, cs); err != nil {
						if lost++; lost == 1 {
							t.Errorf("the other method: %v", err)
						}
					}
					cancel()
				}
				wg.Wait()
				if lost > 0 || s.TokenRequests() > tt.most {
					t.Errorf("%d calls lost, want 0; %d token requests, want at most %d", lost, s.TokenRequests(), tt.most)
				}
			})
		})
	}
}
