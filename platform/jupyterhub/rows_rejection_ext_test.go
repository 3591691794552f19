package jupyterhub_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform/jupyterhub"
)

func TestJupyterHubRow12_TenThousandForbiddenRequestsAskAHandfulOfTimes(t *testing.T) {
	t.Parallel()
	// Given a token that may do nothing ...
	h, _ := operator(t)
	c := apiAs(t, h, h.IssueToken("alice", 0))
	// ... when it is refused ten thousand times, from many goroutines ...
	const workers, calls = 20, 250
	var wg sync.WaitGroup
	for range workers { // each call is two requests
		wg.Go(func() {
			for range calls {
				if _, err := c.StartServer(t.Context(), "alice", "", nil); !errors.Is(err, jupyterhub.ErrForbidden) {
					t.Errorf("%v, want ErrForbidden", err)
					return
				}
				if _, err := c.Tokens(t.Context(), "alice"); !errors.Is(err, jupyterhub.ErrForbidden) {
					t.Errorf("%v, want ErrForbidden", err)
					return
				}
			}
		})
	}
	wg.Wait()
	// ... then the hub is asked a handful of times if the token is good.
	if n := asked(h, "/user"); n == 0 || n > 12 { // once in five seconds
		t.Errorf("%d of GET /user for %d refusals, want a handful", n, 2*workers*calls)
	}
}

func TestJupyterHubRow12_ARevokedTokenIsReadAgain(t *testing.T) {
	t.Parallel()
	// Given a token in a file ...
	h, _ := operator(t)
	path := filepath.Join(t.TempDir(), "token")
	put := func(token string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	issue := func() string { return h.IssueToken("alice", 0, "tokens!user=alice", "read:users!user=alice") }
	before := issue()
	put(before)
	c := apiWith(t, h, flow.SecretFile(path))
	if _, err := c.User(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	// ... when it is revoked and replaced in the middle, then no call fails, with a body or
	// without ...
	for range 3 {
		h.RevokeToken(before)
		before = issue()
		put(before)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := c.CreateToken(t.Context(), "alice", jupyterhub.TokenOptions{}); err != nil {
					t.Error(err)
				}
				if _, err := c.User(t.Context(), "alice"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	// ... and one that is revoked without a replacement is a typed error.
	h.RevokeToken(before)
	_, err := c.User(t.Context(), "alice")
	refused(t, err, jupyterhub.ErrTokenRejected, http.StatusForbidden, "get user alice", "Action is not authorized", "give this program another one")
	_, err = c.Self(t.Context())
	refused(t, err, jupyterhub.ErrTokenRejected, http.StatusForbidden, "get own user", "Forbidden")
}

// A login that fails in the middle is in the chain of the client's error.
func TestJupyterHubRow12_AFailedLoginIsInTheError(t *testing.T) {
	t.Parallel()
	h, _ := operator(t)
	path := filepath.Join(t.TempDir(), "token")
	token := h.IssueToken("alice", 0, "read:users!user=alice")
	if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	c := apiWith(t, h, flow.SecretFile(path))
	if _, err := c.User(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	h.RevokeToken(token)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err := c.User(t.Context(), "alice")
	if _, ok := errors.AsType[*jupyterhub.APIError](err); !ok || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want an APIError whose cause is the missing file", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.User(ctx, "alice"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the caller's own end", err)
	}
}
