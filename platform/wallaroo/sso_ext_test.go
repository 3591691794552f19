package wallaroo_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/wallaroo"
	"github.com/jetway-go/jetway/platform/wallaroo/keycloaktest"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

var sso = wallaroo.Resolver{APIEndpoint: url, AuthType: wallaroo.SSO, LookupEnv: env()}

func TestWallarooRow03_SSOWithADeviceCode(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		display, shows string
	}{
		"as Keycloak says": {"", "http://127.0.0.1:8080/auth/realms/master/device?user_code="},
		"rewritten":        {"https://keycloak.example.com/auth/", "https://keycloak.example.com/auth/realms/master/device?user_code="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// Given a Keycloak that wants more time between polls, and a person who is slow ...
				i := start(t, keycloaktest.Config{AutoApprove: "steve@ex.co"})
				i.keycloak.HoldUp(1, 2)
				cs := i.client(t, wallaroo.Resolver{
					APIEndpoint: url, AuthType: wallaroo.SSO, LookupEnv: env(wallaroo.EnvDisplayURL, test.display),
				})
				// ... when a call is made ...
				got := i.call(t, cs)
				// ... then it carries the token of that person, as one bearer token ...
				if got.Subject != "steve@ex.co" || got.Scheme != "Bearer" || got.Values != 1 {
					t.Errorf("call %+v, want steve's single bearer token", got)
				}
				// ... who was shown the address in Wallaroo's words, once ...
				want := "Please log into the following URL in a web browser:\n\n\t" + test.shows
				if text := i.shown.String(); !strings.HasPrefix(text, want) || strings.Count(text, "Please log") != 1 {
					t.Errorf("shown %q, want %q…", text, want)
				}
				// ... and Keycloak saw what Wallaroo's SDK sends, at a pace that it agrees to.
				i.well(t)
				all := i.keycloak.Requests()
				if !slices.Equal(all[0].Params, []string{"client_id"}) || all[0].ClientID != "sdk-client" {
					t.Errorf("device request %+v, want client_id=sdk-client alone", all[0])
				}
				if n := i.keycloak.Count(deviceGrant); n != 4 {
					t.Errorf("%d polls, want 4: slow_down, pending twice, success", n)
				}
				if !slices.Equal(all[1].Params, []string{"client_id", "device_code", "grant_type"}) {
					t.Errorf("poll with %q", all[1].Params)
				}
			})
		})
	}
}

// prompts keeps what a person would be shown.
type prompts chan auth.Prompt

func (p prompts) Prompt(_ context.Context, shown auth.Prompt) error {
	p <- shown
	return nil
}

func TestWallarooRow03_EveryAddressThatIsShownIsRewritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, keycloaktest.Config{AutoApprove: "steve@ex.co"})
		shown := make(prompts, 1)
		r := wallaroo.Resolver{
			APIEndpoint: url, AuthType: wallaroo.SSO, LookupEnv: env(wallaroo.EnvDisplayURL, "https://keycloak.example.com/auth"),
		}
		i.call(t, i.client(t, r, clientset.WithPrompter(shown)))
		const page = "https://keycloak.example.com/auth/realms/master/device"
		if got := <-shown; got.URL != page || got.CompleteURL != page+"?user_code="+got.Code {
			t.Errorf("shown %+v", got)
		}
	})
}

func TestWallarooRow03_AnUnansweredCodeExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, keycloaktest.Config{DeviceTTL: time.Minute})
		err := i.client(t, sso).Login(t.Context())
		if !errors.Is(err, flow.ErrLoginTimeout) || !strings.Contains(err.Error(), "Device code expired while waiting for user login") {
			t.Errorf("Login: %v", err)
		}
		var e *wallaroo.LoginError
		if !errors.As(err, &e) || status.Code(err) != codes.Unauthenticated {
			t.Errorf("%T with code %v, want a *wallaroo.LoginError and Unauthenticated", err, status.Code(err))
		}
		if len(i.peer.Calls()) != 0 {
			t.Error("the backend was called")
		}
	})
}

func TestWallarooRow03_PKCEIsSentToRealmsThatRequireIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, keycloaktest.Config{AutoApprove: "steve@ex.co", NeedsPKCE: true})
		err := i.client(t, sso).Login(t.Context())
		if err == nil || !strings.Contains(err.Error(), "[HTTP 400]") || !strings.Contains(err.Error(), "code_challenge_method") {
			t.Errorf("without: %v, want what Keycloak says", err)
		}
		with := sso
		with.PKCE = true
		i.call(t, i.client(t, with))
	})
}

func TestWallarooRow05_TokensAreRefreshedTenSecondsBeforeTheyExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Given a login whose token lives a minute ...
		i := start(t, keycloaktest.Config{AutoApprove: "steve@ex.co"})
		cs := i.client(t, sso)
		first := i.call(t, cs)
		// ... when more than ten seconds are left, then it is used as it is ...
		time.Sleep(40 * time.Second)
		if got := i.call(t, cs); got.TokenID != first.TokenID || i.keycloak.Count("refresh_token") != 0 {
			t.Fatalf("the token was replaced with 20 s left")
		}
		// ... and with less than that, the next call waits for a new one.
		time.Sleep(11 * time.Second)
		second := i.call(t, cs)
		if second.TokenID == first.TokenID || i.keycloak.Count("refresh_token") != 1 {
			t.Fatalf("the call with 9 s left went out with the old token; %d refreshes", i.keycloak.Count("refresh_token"))
		}
		// And many calls at once make one refresh, with the rotated refresh token.
		time.Sleep(51 * time.Second)
		i.peer.Reset()
		errs := make(chan error, 100)
		for range cap(errs) {
			go func() { errs <- list(t.Context(), cs) }()
		}
		for range cap(errs) {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if n := i.keycloak.Count("refresh_token"); n != 2 {
			t.Errorf("%d refreshes in all, want 2: one for 100 calls", n)
		}
		for _, c := range i.peer.Calls() {
			if c.Subject == "" || c.TokenID == second.TokenID {
				t.Fatal("a call was refused, or went out with the old token")
			}
		}
		if third := i.call(t, cs); third.TokenID == second.TokenID {
			t.Error("the new token is not used")
		}
		i.well(t)
		if n := strings.Count(i.shown.String(), "Please log"); n != 1 {
			t.Errorf("the person was asked %d times, want once", n)
		}
	})
}

func TestWallarooRow06_EachRefreshExtendsTheSessionUntilItIsIdleTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Given a login at a Keycloak that forgets sessions after an hour ...
		i := start(t, keycloaktest.Config{AutoApprove: "steve@ex.co"})
		cs := i.client(t, sso)
		i.call(t, cs)
		asked := func() int { return strings.Count(i.shown.String(), "Please log") }
		// ... when a call is made every 50 minutes, for most of a day ...
		for range 20 {
			time.Sleep(50 * time.Minute)
			i.call(t, cs)
		}
		// ... then each refresh extends the session: the user is not asked again.
		if asked() != 1 {
			t.Fatalf("asked %d times within the window, want once", asked())
		}
		// And when no call is made for longer than that, many calls at once make the
		// person log in exactly once more, and all of them succeed.
		time.Sleep(61 * time.Minute)
		errs := make(chan error, 50)
		for range cap(errs) {
			go func() { errs <- list(t.Context(), cs) }()
		}
		for range cap(errs) {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if asked() != 2 {
			t.Errorf("asked %d times in all, want 2", asked())
		}
		i.well(t)
	})
}

func TestWallarooRow06_APasswordIsSentAgainOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, keycloaktest.Config{})
		cs := i.client(t, userPassword(wallaroo.EnvUser, "steve@ex.co", wallaroo.EnvPassword, "hello"))
		i.call(t, cs)
		time.Sleep(61 * time.Minute)
		i.call(t, cs)
		if logins, tries := i.keycloak.Count("password"), i.keycloak.Count("refresh_token"); logins != 2 || tries != 1 {
			t.Errorf("%d logins and %d refreshes, want 2 and 1", logins, tries)
		}
	})
}

func TestWallarooRow08_LoginsAreStoredPerEndpointForTheNextProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Given a login kept in a file ...
		dir := t.TempDir()
		i := start(t, keycloaktest.Config{AutoApprove: "steve@ex.co"})
		kept := func() clientset.Option { return clientset.WithStore(&tokenstore.FileStore{Dir: dir}) }
		asked := func() int { return strings.Count(i.shown.String(), "Please log") }
		first := i.client(t, sso, kept())
		token := i.call(t, first).TokenID
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		// ... when the next program comes, then it finds it ...
		second := i.client(t, sso, kept())
		if got := i.call(t, second); got.TokenID != token || asked() != 1 {
			t.Errorf("asked %d times; the stored token was used: %v", asked(), got.TokenID == token)
		}
		// ... in a file that only its owner can read ...
		privately(t, dir)
		// ... and a program for another endpoint does not.
		elsewhere := sso
		elsewhere.APIEndpoint = "http://127.0.0.1:9090"
		if got := i.call(t, i.client(t, elsewhere, kept())); got.TokenID == token || asked() != 2 {
			t.Errorf("another endpoint got the same login; asked %d times", asked())
		}
		if got := i.call(t, second); got.TokenID != token {
			t.Error("the other endpoint's login replaced this one's")
		}
	})
}
