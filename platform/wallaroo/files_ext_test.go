package wallaroo_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/wallaroo"
	"github.com/jetway-go/jetway/platform/wallaroo/keycloaktest"
)

func userPassword(pairs ...string) wallaroo.Resolver {
	return wallaroo.Resolver{APIEndpoint: url, AuthType: wallaroo.UserPassword, LookupEnv: env(pairs...)}
}

func tokenFile(pairs ...string) wallaroo.Resolver {
	return wallaroo.Resolver{APIEndpoint: url, AuthType: "TOKEN", LookupEnv: env(pairs...)}
}

// privately fails when others can read what lies in dir.
func privately(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		info, err := d.Info()
		if err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", path, info.Mode().Perm())
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files in %s: %v", files, dir, err)
	}
}

func TestWallarooRow04_UserAndPassword(t *testing.T) {
	t.Parallel()
	users := []keycloaktest.User{{Name: "steve@ex.co", Password: "hello"}, {Name: "file@ex.co", Password: " from file "}}
	good := file(t, `{"username": "file@ex.co", "password": " from file ", "email": "file@ex.co"}`)
	for name, test := range map[string]struct {
		r    wallaroo.Resolver
		want string
	}{
		"environment":            {userPassword(wallaroo.EnvUser, "steve@ex.co", wallaroo.EnvPassword, "hello"), "steve@ex.co"},
		"file":                   {userPassword(wallaroo.EnvCredentials, good), "file@ex.co"},
		"environment beats file": {userPassword(wallaroo.EnvUser, "steve@ex.co", wallaroo.EnvPassword, "hello", wallaroo.EnvCredentials, good), "steve@ex.co"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := start(t, keycloaktest.Config{Users: users})
			cs := i.client(t, test.r)
			if got := i.call(t, cs); got.Subject != test.want || got.Values != 1 {
				t.Errorf("call %+v, want one token of %s", got, test.want)
			}
			if key := cs.Authenticator().Status().Key; key.User != test.want || key.ClientID != "sdk-client" {
				t.Errorf("key %+v, want user %s", key, test.want)
			}
			i.well(t)
		})
	}
}

func TestWallarooRow04_AWrongPasswordShowsKeycloaksAnswer(t *testing.T) {
	t.Parallel()
	i := start(t, keycloaktest.Config{})
	err := list(t.Context(), i.client(t, userPassword(wallaroo.EnvUser, "steve@ex.co", wallaroo.EnvPassword, "canary")))
	var e *wallaroo.LoginError
	if !errors.As(err, &e) || !errors.Is(err, auth.ErrRejected) || status.Code(err) != codes.Unauthenticated {
		t.Fatalf("%v, want a *wallaroo.LoginError that was rejected", err)
	}
	if want := `[HTTP 401] {"error":"invalid_grant","error_description":"Invalid user credentials"}`; !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("the password shows: %v", err)
	}
	if n := len(i.peer.Calls()); n != 0 {
		t.Errorf("the backend was called %d times", n)
	}
}

func TestWallarooRow04_BrokenCredentialsGiveNamedErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		r    wallaroo.Resolver
		want []string
	}{
		"nothing":        {userPassword(), []string{"$WALLAROO_SDK_CREDENTIALS is not set", "WALLAROO_USER"}},
		"only password":  {userPassword(wallaroo.EnvPassword, "x"), []string{"$WALLAROO_SDK_CREDENTIALS is not set", "WALLAROO_USER"}},
		"no password":    {userPassword(wallaroo.EnvUser, "x"), []string{"WALLAROO_PASSWORD is not set"}},
		"no file":        {userPassword(wallaroo.EnvCredentials, "/no/such/file"), []string{"WALLAROO_SDK_CREDENTIALS does not point to a file", "/no/such/file"}},
		"a directory":    {userPassword(wallaroo.EnvCredentials, "/"), []string{"WALLAROO_SDK_CREDENTIALS does not point to a file"}},
		"no JSON":        {userPassword(wallaroo.EnvCredentials, file(t, "canary")), []string{"must be JSON"}},
		"a wrong type":   {userPassword(wallaroo.EnvCredentials, file(t, `{"username": "x", "password": ["canary"]}`)), []string{"must be JSON"}},
		"no user":        {userPassword(wallaroo.EnvCredentials, file(t, `{"password": "canary"}`)), []string{"username is missing"}},
		"no password in": {userPassword(wallaroo.EnvCredentials, file(t, `{"username": "x"}`)), []string{"password is missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := start(t, keycloaktest.Config{})
			_, err := clientset.For(t.Context(), test.r, i.reach()...)
			if _, ok := errors.AsType[*wallaroo.Error](err); !ok {
				t.Fatalf("%v, want a *wallaroo.Error", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("a secret shows: %v", err)
			}
			i.untouched(t)
		})
	}
}

func TestWallarooRow07_ATokenFromAFile(t *testing.T) {
	t.Parallel()
	i := start(t, keycloaktest.Config{})
	path := file(t, `{"token": "`+i.keycloak.IssueToken("steve@ex.co")+`", "user_email": "steve@ex.co", "user_id": "7"}`)
	store := t.TempDir()
	cs := i.client(t, tokenFile(wallaroo.EnvCredentials, path), clientset.WithStore(&tokenstore.FileStore{Dir: store}))
	if got := i.call(t, cs); got.Subject != "steve@ex.co" || got.Scheme != "Bearer" || got.Values != 1 {
		t.Errorf("call %+v, want steve's", got)
	}
	if user := cs.Authenticator().Status().Key.User; user != "7" {
		t.Errorf("the login is %q's, want that of the file", user)
	}
	if copies, err := filepath.Glob(filepath.Join(store, "*")); len(copies) != 0 || err != nil {
		t.Errorf("copies of the token in %q, %v", copies, err)
	}
	if n := len(i.keycloak.Requests()); n != 0 {
		t.Errorf("%d requests to Keycloak, want none: the token is not renewed", n)
	}
	// When it is refused, then the file is all there is to ask.
	i.keycloak.RevokeTokens()
	if err := list(t.Context(), cs); !errors.Is(err, auth.ErrRejected) || status.Code(err) != codes.Unauthenticated {
		t.Errorf("%v, want ErrRejected", err)
	}
}

func TestWallarooRow07_ATokenFileIsReadAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, keycloaktest.Config{TokenTTL: 3 * time.Hour})
		document := func() string {
			return `{"token": "` + i.keycloak.IssueToken("steve@ex.co") + `", "user_email": "steve@ex.co", "user_id": "7"}`
		}
		path := file(t, "\ufeff"+document()) // as some editors save it
		cs := i.client(t, tokenFile(wallaroo.EnvCredentials, path))
		first := i.call(t, cs)
		// A token is looked at again after five minutes, and serves on as long as it does.
		time.Sleep(6 * time.Minute)
		if got := i.call(t, cs); got.TokenID != first.TokenID {
			t.Error("another token was used")
		}
		// One that replaces it is read when the old one is rejected.
		i.keycloak.RevokeTokens()
		if err := os.WriteFile(path, []byte(document()), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := i.call(t, cs); got.TokenID == first.TokenID {
			t.Error("the new token is not used")
		}
	})
}

func TestWallarooRow07_BrokenTokenFilesGiveNamedErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		r    wallaroo.Resolver
		want string
	}{
		"nothing":      {tokenFile(), "WALLAROO_SDK_CREDENTIALS is not set: Passed token auth, but no token provided."},
		"no file":      {tokenFile(wallaroo.EnvCredentials, "/no/such/file"), "Token file provided, but file does not exist."},
		"no JSON":      {tokenFile(wallaroo.EnvCredentials, file(t, `canary`)), "must be JSON"},
		"no token":     {tokenFile(wallaroo.EnvCredentials, file(t, `{"user_email": "e", "user_id": "i"}`)), "Token property field not in json."},
		"no word":      {tokenFile(wallaroo.EnvCredentials, file(t, `{"token": "canary\n", "user_email": "e", "user_id": "i"}`)), "the token contains a space"},
		"no email":     {tokenFile(wallaroo.EnvCredentials, file(t, `{"token": "canary", "user_id": "i"}`)), "User email property field not in json."},
		"no user id":   {tokenFile(wallaroo.EnvCredentials, file(t, `{"token": "canary", "user_email": "e"}`)), "User id property field not in json."},
		"unknown type": {wallaroo.Resolver{APIEndpoint: url, AuthType: "kerberos", LookupEnv: env()}, `auth_type "kerberos" is not a valid AuthType; it can be sso, user_password, token or none`},
		"unknown type, variable": {
			wallaroo.Resolver{APIEndpoint: url, LookupEnv: env(wallaroo.EnvAuthType, "test_auth")}, `WALLAROO_SDK_AUTH_TYPE "test_auth" is not a valid AuthType`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := start(t, keycloaktest.Config{})
			_, err := clientset.For(t.Context(), test.r, i.reach()...)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%v, want %q and no secret", err, test.want)
			}
			i.untouched(t)
		})
	}
}

// acceptsAll leads to a backend that accepts every call, and returns how many values of
// authorization it got.
func acceptsAll(t *testing.T) grpc.DialOption {
	t.Helper()
	l := bufconn.Listen(1 << 16)
	server := grpc.NewServer(grpc.ChainUnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		if err := grpc.SetHeader(ctx, metadata.Pairs("authorization-values", strconv.Itoa(len(md.Get("authorization"))))); err != nil {
			return nil, err
		}
		return next(ctx, req)
	}))
	healthpb.RegisterHealthServer(server, health.NewServer())
	go server.Serve(l) //nolint:errcheck // ends with Stop
	t.Cleanup(server.Stop)
	return grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) })
}

func TestWallarooRow07_NoneSendsNoHeader(t *testing.T) {
	t.Parallel()
	i := start(t, keycloaktest.Config{})
	cs := i.client(t, wallaroo.Resolver{APIEndpoint: url, AuthType: wallaroo.None, LookupEnv: env()})
	err := list(t.Context(), cs)
	if status.Code(err) != codes.Unauthenticated || !strings.Contains(err.Error(), wallaroo.EnvAuthType) {
		t.Errorf("%v, want Unauthenticated and what to set", err)
	}
	if calls := i.peer.Calls(); len(calls) != 1 || calls[0].Values != 0 {
		t.Errorf("%+v, want one call without authorization", calls)
	}
	// An instance that requires no login answers.
	open := i.client(t, wallaroo.Resolver{APIEndpoint: url, AuthType: wallaroo.None, LookupEnv: env()}, clientset.WithDialOptions(acceptsAll(t)))
	var header metadata.MD
	if _, err := healthpb.NewHealthClient(open).Check(t.Context(), &healthpb.HealthCheckRequest{}, grpc.Header(&header)); err != nil {
		t.Fatal(err)
	}
	if got := header.Get("authorization-values"); len(got) != 1 || got[0] != "0" {
		t.Errorf("the open instance was sent %s authorizations, want none", got)
	}
	if n := len(i.keycloak.Requests()); n != 0 {
		t.Errorf("%d requests to Keycloak, want none", n)
	}
}
