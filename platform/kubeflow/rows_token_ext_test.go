package kubeflow_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/kubeflow/tokenreviewtest"
)

func TestKubeflowRow01_TokenPathWinsOverVariableWinsOverDefault(t *testing.T) {
	t.Parallel()
	k8s := tokenreviewtest.NewCluster()
	fromParam, fromEnv := k8s.IssueToken("param", 0), k8s.IssueToken("env", 0)
	paramFile, envFile := file(t, fromParam), file(t, fromEnv)
	for name, tt := range map[string]struct {
		config kubeflow.Resolver
		want   string // header, or else a part of the error
	}{
		"parameter":     {kubeflow.Resolver{TokenPath: paramFile, LookupEnv: env(kubeflow.EnvTokenPath, envFile)}, "Bearer " + fromParam},
		"variable":      {kubeflow.Resolver{ServiceAccount: true, LookupEnv: env(kubeflow.EnvTokenPath, envFile)}, "Bearer " + fromEnv},
		"variable only": {kubeflow.Resolver{LookupEnv: env(kubeflow.EnvTokenPath, envFile)}, "Bearer " + fromEnv},
		"default":       {kubeflow.Resolver{ServiceAccount: true, LookupEnv: env(kubeflow.EnvTokenPath, "")}, kubeflow.DefaultTokenPath},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, k8s.ServerOptions()...)
			tt.config.Host = "http://" + a.Addr()
			err := listRuns(t.Context(), made(t, tt.config), "team")
			if !strings.HasPrefix(tt.want, "Bearer ") {
				if err == nil {
					t.Fatal("the call succeeded without a token")
				}
				contains(t, err.Error(), tt.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := a.Calls()[0]["authorization"]; !slices.Equal(got, []string{tt.want}) {
				t.Errorf("authorization = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestKubeflowRow01_OneTrimmedHeaderReplacesTheCallers(t *testing.T) {
	t.Parallel()
	// Given a token with white space around it, and a caller with a header of its own ...
	k8s := tokenreviewtest.NewCluster()
	token := k8s.IssueToken("system:serviceaccount:team:default-editor", 0)
	a := serve(t, k8s.ServerOptions()...)
	cs := made(t, kubeflow.Resolver{Host: "http://" + a.Addr(), TokenPath: file(t, "\n "+token+" \r\n\n"), LookupEnv: env()})
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer the-caller's")

	// ... when it calls, then the server, which refuses two values, gets one.
	if err := listRuns(ctx, cs, "team"); err != nil {
		t.Fatal(err)
	}
	if got := a.Calls()[0]["authorization"]; !slices.Equal(got, []string{"Bearer " + token}) {
		t.Errorf("authorization = %q", got)
	}
}

func TestKubeflowRow01_RotatedTokenIsUsed(t *testing.T) {
	t.Parallel()
	k8s := tokenreviewtest.NewCluster()
	before, after := k8s.IssueToken("sa", 0), k8s.IssueToken("sa", 0)
	path := file(t, before+"\n")
	a := serve(t, k8s.ServerOptions()...)
	cs := made(t, kubeflow.Resolver{Host: "http://" + a.Addr(), TokenPath: path, LookupEnv: env()})
	if err := listRuns(t.Context(), cs, "team"); err != nil {
		t.Fatal(err)
	}

	// When the cluster replaces the token and ends the old one, then the caller
	// notices nothing.
	rewrite(t, path, after+"\n")
	k8s.ExpireToken(before)
	if err := listRuns(t.Context(), cs, "team"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, md := range a.Calls() {
		got = append(got, md["authorization"]...)
	}
	if want := []string{"Bearer " + before, "Bearer " + before, "Bearer " + after}; !slices.Equal(got, want) {
		t.Errorf("authorization headers = %q, want %q", got, want)
	}
}

func TestKubeflowRow02_UnreadableTokenFileIsNamedAtCallTime(t *testing.T) {
	t.Parallel()
	a := serve(t)
	const path = "/nowhere/kubeflow/token"
	// Making the client does not touch the file ...
	cs := made(t, kubeflow.Resolver{Host: "http://" + a.Addr(), TokenPath: path, LookupEnv: env()})
	// ... the call does, and does not reach the server.
	err := listRuns(t.Context(), cs, "team")
	if err == nil {
		t.Fatal("the call succeeded")
	}
	contains(t, err.Error(), path, "no such file")
	if n := len(a.Calls()); n != 0 {
		t.Errorf("%d calls reached the server", n)
	}
	// An empty file is named too.
	empty := file(t, " \n")
	err = listRuns(t.Context(), made(t, kubeflow.Resolver{Host: "http://" + a.Addr(), TokenPath: empty, LookupEnv: env()}), "team")
	if err == nil {
		t.Fatal("the call succeeded with an empty token")
	}
	contains(t, err.Error(), empty, "empty")
}

func TestKubeflowRow02_DefaultCredentialsDegradeToAnonymous(t *testing.T) {
	t.Parallel()
	// Given a pod without a token volume, and a server that asks for nothing ...
	var log secrettest.Sink
	names := &cluster{}
	a := serve(t)
	config := kubeflow.Resolver{LookupEnv: inCluster(kubeflow.EnvTokenPath, "/nowhere/token"), Logger: log.Logger()}
	cs := made(t, config, names.option(a.Addr()))
	// ... then calls go without credentials, and a warning says why.
	if err := listRuns(t.Context(), cs, "team"); err != nil {
		t.Fatal(err)
	}
	if got := a.Calls()[0]["authorization"]; len(got) != 0 {
		t.Errorf("authorization = %q, want none", got)
	}
	contains(t, log.String(), "level=WARN", "/nowhere/token", "without credentials")

	// Given a server that does ask, then the error says which file was missing.
	strict := serve(t, tokenreviewtest.NewCluster().ServerOptions()...)
	err := listRuns(t.Context(), made(t, config, names.option(strict.Addr())), "team")
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("code = %v, want Unauthenticated", status.Code(err))
	}
	contains(t, err.Error(), "/nowhere/token")
}

func TestKubeflowRow07_ExistingTokenWinsOverEverything(t *testing.T) {
	t.Parallel()
	k8s := tokenreviewtest.NewCluster()
	token := k8s.IssueToken("someone", 0)
	a := serve(t, k8s.ServerOptions()...)
	saved := file(t, `{"namespace":"x","client_authentication_cookie":"a=b"}`)
	config := kubeflow.Resolver{
		Host: "http://" + a.Addr(), Token: flow.SecretValue(token),
		TokenPath: "/nowhere", Dex: &kubeflow.Dex{}, Cookies: flow.SecretValue("c=d"), ContextFile: saved,
		LookupEnv: env(kubeflow.EnvTokenPath, "/nowhere/either"),
	}
	if err := listRuns(t.Context(), made(t, config), "team"); err != nil {
		t.Fatal(err)
	}
	md := a.Calls()[0]
	if got := md["authorization"]; !slices.Equal(got, []string{"Bearer " + token}) || len(md["cookie"]) != 0 {
		t.Errorf("authorization = %q, cookie = %q, want the token alone, as it is", got, md["cookie"])
	}

	// It is never refreshed: once it has expired, calls fail.
	k8s.ExpireToken(token)
	err := listRuns(t.Context(), made(t, config), "team")
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("with an ended token: %v", err)
	}
}

func TestKubeflowRow07_ExistingTokenInAFileIsReadAgain(t *testing.T) {
	t.Parallel()
	k8s := tokenreviewtest.NewCluster()
	before, after := k8s.IssueToken("someone", 0), k8s.IssueToken("someone", 0)
	path := file(t, before+"\n")
	a := serve(t, k8s.ServerOptions()...)
	cs := made(t, kubeflow.Resolver{Host: "http://" + a.Addr(), Token: flow.SecretFile(path), LookupEnv: env()})
	if err := listRuns(t.Context(), cs, "team"); err != nil {
		t.Fatal(err)
	}
	// When it is replaced, then the next call that is rejected uses the new one.
	rewrite(t, path, after+"\n")
	k8s.ExpireToken(before)
	if err := listRuns(t.Context(), cs, "team"); err != nil {
		t.Fatal(err)
	}
	if got := a.Calls(); len(got) != 3 || !slices.Equal(got[2]["authorization"], []string{"Bearer " + after}) {
		t.Errorf("%d attempts, want 3, the last with the new token", len(got))
	}
}

func TestKubeflowRow07_TheContextFileIsUsedWithoutParametersOnly(t *testing.T) {
	t.Parallel()
	cookie := `{"client_authentication_cookie":"session=from-file"}`
	header := `{"client_authentication_header_name":"X-Goog-IAP","client_authentication_header_value":"from-file"}`
	none := kubeflow.Resolver{}
	for name, tt := range map[string]struct {
		saved     string
		config    kubeflow.Resolver
		key, want string
	}{
		"cookie of the file":      {cookie, none, "cookie", "session=from-file"},
		"header of the file":      {header, none, "x-goog-iap", "from-file"},
		"cookies given":           {cookie, kubeflow.Resolver{Cookies: flow.SecretValue("session=given")}, "cookie", "session=given"},
		"token given, cookie not": {cookie, kubeflow.Resolver{Token: flow.SecretValue("tok")}, "cookie", ""},
		"token given":             {header, kubeflow.Resolver{Token: flow.SecretValue("tok")}, "authorization", "Bearer tok"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t)
			tt.config.Host, tt.config.ContextFile, tt.config.LookupEnv = "http://"+a.Addr(), file(t, tt.saved), env()
			if err := listRuns(t.Context(), made(t, tt.config), "team"); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(a.Calls()[0][tt.key], "|"); got != tt.want {
				t.Errorf("%s = %q, want %q", tt.key, got, tt.want)
			}
		})
	}
}

func TestKubeflowRow08_KFPStubsWorkOnTheConnection(t *testing.T) {
	t.Parallel()
	k8s := tokenreviewtest.NewCluster()
	before, after := k8s.IssueToken("sa", 0), k8s.IssueToken("sa", 0)
	path := file(t, before)
	a := serve(t, k8s.ServerOptions()...)
	cs := made(t, kubeflow.Resolver{Host: "http://" + a.Addr(), TokenPath: path, LookupEnv: env()})

	runs, experiments := list(t, cs)
	if len(runs) != 1 || runs[0].GetDisplayName() != "first" || len(experiments) != 1 || experiments[0].GetNamespace() != "team" {
		t.Fatalf("runs = %v, experiments = %v", runs, experiments)
	}
	// A refused call is made once more, with the new token.
	rewrite(t, path, after)
	k8s.ExpireToken(before)
	made := len(a.Calls())
	list(t, cs)
	if n := len(a.Calls()) - made; n != 3 {
		t.Errorf("%d attempts for two calls, want 3: one was refused", n)
	}
}

func TestPermissionDeniedIsNotRetried(t *testing.T) {
	t.Parallel()
	k8s := tokenreviewtest.NewCluster()
	a := serve(t, k8s.ServerOptions()...)
	cs := made(t, kubeflow.Resolver{Host: "http://" + a.Addr(), TokenPath: file(t, k8s.IssueToken("sa", 0)), LookupEnv: env()})
	err := listRuns(t.Context(), cs, "others")
	if status.Code(err) != codes.PermissionDenied {
		t.Errorf("%v, want PermissionDenied", err)
	}
	contains(t, err.Error(), "not authorized with reason")
	if n := len(a.Calls()); n != 1 {
		t.Errorf("%d attempts, want 1", n)
	}
}
