package clientset_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

// A Flyte backend does not advertise where to revoke tokens. Its issuer does.
func TestLogoutRevokesTheTokensOfABackendThatNamesItsIssuerOnly(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	cs := made(t)(at(s, clientset.WithStore(&tokenstore.MemoryStore{}), clientset.WithPrompter(mutePrompter{}),
		clientset.WithFlow(flow.PKCE{OpenBrowser: mocktest.NewBrowser(s).Open, RedirectURI: "http://127.0.0.1/callback"})))
	if err := cs.Login(soon(t)); err != nil {
		t.Fatal(err)
	}
	login, err := cs.Authenticator().Credentials(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	thief := made(t)(at(s, clientset.WithFlow(flow.StaticToken(login.AccessToken))))
	if err := list(soon(t), thief); err != nil {
		t.Fatalf("before the logout: %v", err)
	}
	if err := cs.Authenticator().Logout(soon(t)); err != nil {
		t.Fatal(err)
	}
	if err := list(soon(t), thief); status.Code(err) != codes.Unauthenticated {
		t.Errorf("after the logout the token gives %v, want Unauthenticated", err)
	}
}
