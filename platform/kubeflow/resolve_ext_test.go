package kubeflow_test

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/kubeflow/dextest"
)

func TestResolveUnderstandsHosts(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]struct {
		endpoint  string
		plaintext bool
	}{
		"https://kubeflow.example.com":                      {"https://kubeflow.example.com", false},
		"https://kubeflow.example.com/pipeline":             {"https://kubeflow.example.com", false},
		"https://kubeflow.example.com/pipeline//":           {"https://kubeflow.example.com", false},
		"kubeflow.example.com/":                             {"https://kubeflow.example.com", false},
		"\thttp://localhost:8080/pipeline\n":                {"http://localhost:8080", false},
		"HTTP://LocalHost:8080":                             {"http://LocalHost:8080", false},
		"http://ml-pipeline-ui":                             {"http://ml-pipeline:8887", true},
		"http://ml-pipeline-ui.ml/pipeline":                 {"http://ml-pipeline.ml.svc.cluster.local:8887", true},
		"http://ml-pipeline-ui.ml.svc:80":                   {"http://ml-pipeline.ml.svc:8887", true},
		"http://ml-pipeline.ml.svc.cluster.local:8888":      {"http://ml-pipeline.ml.svc.cluster.local:8887", true},
		"http://ml-pipeline.ml:9999":                        {"http://ml-pipeline.ml.svc.cluster.local:9999", true},
		"http://ml-pipeline.ml.svc.cluster.example.com":     {"http://ml-pipeline.ml.svc.cluster.example.com", false},
		"http://ml-pipeline.kubeflow.example.com:8888":      {"http://ml-pipeline.kubeflow.example.com:8888", false},
		"http://ml-pipeline-ui.ml:3000":                     {"http://ml-pipeline-ui.ml:3000", false},
		"https://ml-pipeline.ml:8888":                       {"https://ml-pipeline.ml.svc.cluster.local:8887", true},
		"http://[::1]:3000":                                 {"http://[::1]:3000", false},
		"http://istio-ingressgateway.istio-system.svc:8080": {"http://istio-ingressgateway.istio-system.svc:8080", false},
	} {
		target, err := kubeflow.Resolver{Host: host, LookupEnv: env()}.Resolve(t.Context(), nil)
		if err != nil || target.Endpoint != want.endpoint || target.PlaintextCredentials != want.plaintext {
			t.Errorf("%q: %q, plaintext %v, %v; want %+v", host, target.Endpoint, target.PlaintextCredentials, err, want)
		}
	}
}

func TestPlaintextCredentialsAreForTheClusterOrAllowPlaintext(t *testing.T) {
	t.Parallel()
	dex := func(allow bool) *kubeflow.Dex {
		return &kubeflow.Dex{Username: "u", Password: flow.SecretValue("p"), AllowPlaintext: allow}
	}
	for name, tt := range map[string]struct {
		config kubeflow.Resolver
		want   bool
	}{
		"in the cluster":            {kubeflow.Resolver{Host: "http://ml-pipeline.kubeflow"}, true},
		"an API elsewhere":          {kubeflow.Resolver{Host: "http://ml-pipeline.kubeflow", API: "http://grpc.example:80"}, false},
		"Dex, asked for":            {kubeflow.Resolver{Host: "http://kf.example", Dex: dex(true)}, true},
		"Dex, not asked for":        {kubeflow.Resolver{Host: "https://kf.example", Dex: dex(false)}, false},
		"a token, wherever it goes": {kubeflow.Resolver{Host: "http://kf.example", Token: flow.SecretValue("t")}, false},
	} {
		tt.config.LookupEnv = env()
		if target, err := tt.config.Resolve(t.Context(), nil); err != nil || target.PlaintextCredentials != tt.want {
			t.Errorf("%s: %v, %v; want %v", name, target.PlaintextCredentials, err, tt.want)
		}
	}
}

func TestHostWinsOverVariableWinsOverCluster(t *testing.T) {
	t.Parallel()
	vars := inCluster(kubeflow.EnvEndpoint, "https://variable.example")
	for _, tt := range []struct {
		config kubeflow.Resolver
		want   string
	}{
		{kubeflow.Resolver{Host: "https://param.example", LookupEnv: vars}, "https://param.example"},
		{kubeflow.Resolver{Host: " ", LookupEnv: vars}, "https://variable.example"},
		{kubeflow.Resolver{LookupEnv: inCluster()}, "http://ml-pipeline.kubeflow.svc.cluster.local:8887"},
		{kubeflow.Resolver{API: "dns:///grpc.example:1", Host: "https://param.example", LookupEnv: vars}, "dns:///grpc.example:1"},
		{kubeflow.Resolver{API: "unix:///run/kfp", LookupEnv: env()}, "unix:///run/kfp"},
	} {
		if target, err := tt.config.Resolve(t.Context(), nil); err != nil || target.Endpoint != tt.want {
			t.Errorf("%q, %v; want %q", target.Endpoint, err, tt.want)
		}
	}
}

func TestSchemelessHostIsWarnedAbout(t *testing.T) {
	t.Parallel()
	var log secrettest.Sink
	if _, err := (kubeflow.Resolver{Host: "kf.example", LookupEnv: env(), Logger: log.Logger()}).Resolve(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	contains(t, log.String(), "level=WARN", "Host has no scheme", "https is assumed")
}

func TestMissingAndContradictoryInputsAreNamed(t *testing.T) {
	t.Parallel()
	const host = "https://kf.example"
	pw := flow.SecretValue("canary")
	with := func(change func(*kubeflow.Resolver)) kubeflow.Resolver {
		c := kubeflow.Resolver{Host: host, LookupEnv: env()}
		change(&c)
		return c
	}
	dex := func(d kubeflow.Dex) kubeflow.Resolver { return with(func(c *kubeflow.Resolver) { c.Dex = &d }) }
	saved := func(text string) kubeflow.Resolver {
		return with(func(c *kubeflow.Resolver) { c.ContextFile = file(t, text) })
	}
	at := func(host string) kubeflow.Resolver { return kubeflow.Resolver{Host: host, LookupEnv: env()} }
	for name, tt := range map[string]struct {
		config kubeflow.Resolver
		want   []string
	}{
		"nothing at all":          {kubeflow.Resolver{LookupEnv: env()}, []string{"set Host or KF_PIPELINES_ENDPOINT"}},
		"half a cluster":          {kubeflow.Resolver{LookupEnv: env("KUBERNETES_SERVICE_HOST", "x")}, []string{"KF_PIPELINES_ENDPOINT"}},
		"namespace":               {kubeflow.Resolver{Namespace: "a.evil.example/", LookupEnv: inCluster()}, []string{"Namespace", "a.evil.example/"}},
		"variable with a path":    {kubeflow.Resolver{LookupEnv: env(kubeflow.EnvEndpoint, "https://x/y")}, []string{"KF_PIPELINES_ENDPOINT has a path"}},
		"password in the host":    {at("https://me:canary@kf.example"), []string{"Host contains a user name"}},
		"no URL":                  {at("http://[canary"), []string{"Host is not a URL"}},
		"scheme":                  {at("ftp://kf.example"), []string{`"ftp"`}},
		"query":                   {at("https://kf.example/pipeline?canary=1"), []string{"query"}},
		"fragment":                {at("https://kf.example/#/runs"), []string{"fragment"}},
		"no host":                 {at("https:///pipeline"), []string{"no host"}},
		"space":                   {at("https://kf. example"), []string{"space"}},
		"inverse proxy":           {at("https://x.pipelines.googleusercontent.com"), []string{"Google's inverse proxy", "port-forward"}},
		"impossible port":         {at("https://kf.example:99999"), []string{"is not a valid address", "from 1 to 65535"}},
		"two logins":              {with(func(c *kubeflow.Resolver) { c.TokenPath = "x"; c.Cookies = pw }), []string{"set one login"}},
		"two others":              {with(func(c *kubeflow.Resolver) { c.Dex = &kubeflow.Dex{}; c.ServiceAccount = true }), []string{"set one login"}},
		"token is empty":          {with(func(c *kubeflow.Resolver) { c.Token = flow.SecretValue("") }), []string{"Token: the given value is empty"}},
		"token with a scheme":     {with(func(c *kubeflow.Resolver) { c.Token = flow.SecretValue("Bearer canary") }), []string{"without Bearer"}},
		"token of no variable":    {with(func(c *kubeflow.Resolver) { c.Token = flow.SecretEnv("JETWAY_NO_SUCH") }), []string{"JETWAY_NO_SUCH is not set"}},
		"Google's variable":       {kubeflow.Resolver{Host: host, LookupEnv: env("KF_PIPELINES_IAP_OAUTH2_CLIENT_ID", "x")}, []string{"KF_PIPELINES_IAP_OAUTH2_CLIENT_ID", "Token"}},
		"no user":                 {dex(kubeflow.Dex{Password: pw}), []string{"Dex.Username"}},
		"no password":             {dex(kubeflow.Dex{Username: "u"}), []string{"Dex.Password"}},
		"connector":               {dex(kubeflow.Dex{Username: "u", Password: pw, Connector: "github"}), []string{`"github"`, "ldap, local"}},
		"password without TLS":    {kubeflow.Resolver{Host: "http://kf.example", Dex: &kubeflow.Dex{Username: "u", Password: pw}, LookupEnv: env()}, []string{"without TLS", "AllowPlaintext"}},
		"Dex without a host":      {kubeflow.Resolver{Dex: &kubeflow.Dex{Username: "u", Password: pw}, LookupEnv: inCluster()}, []string{"Dex needs an address", "KF_PIPELINES_ENDPOINT"}},
		"context file is gone":    {with(func(c *kubeflow.Resolver) { c.ContextFile = "/nowhere/context.json" }), []string{"/nowhere/context.json"}},
		"context file is no JSON": {saved(`{"client_authentication_cookie": canary`), []string{"context file", "JSON"}},
		"context with two":        {saved(`{"client_authentication_cookie":"a=b","client_authentication_header_name":"x","client_authentication_header_value":"canary"}`), []string{"keep one"}},
		"context with half":       {saved(`{"client_authentication_header_value":"canary"}`), []string{"only one of"}},
		"context cookie":          {saved(`{"client_authentication_cookie":"canary"}`), []string{"client_authentication_cookie", "name=value"}},
		"context header's name":   {saved(`{"client_authentication_header_name":"x y","client_authentication_header_value":"canary"}`), []string{"client_authentication_header_name", `"x y"`}},
		"context header of gRPC":  {saved(`{"client_authentication_header_name":"User-Agent","client_authentication_header_value":"canary"}`), []string{"client_authentication_header_name", "gRPC"}},
		"context header":          {saved(`{"client_authentication_header_name":"x","client_authentication_header_value":"can\nary"}`), []string{"client_authentication_header_value"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := clientset.For(t.Context(), tt.config)
			var e *kubeflow.Error
			if !errors.As(err, &e) || e.Op != "resolve" {
				t.Fatalf("error %v, want a *kubeflow.Error of resolve", err)
			}
			if c := status.Code(err); c != codes.FailedPrecondition {
				t.Errorf("code %v, want FailedPrecondition: asking again does not help", c)
			}
			contains(t, err.Error(), tt.want...)
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("a secret in %v", err)
			}
		})
	}
	if _, err := (kubeflow.Resolver{LookupEnv: env()}).Resolve(t.Context(), nil); !errors.Is(err, kubeflow.ErrNoEndpoint) {
		t.Errorf("%v, want ErrNoEndpoint", err)
	}
}

func TestAConfigurationPrintsNoSecret(t *testing.T) {
	t.Parallel()
	c := kubeflow.Resolver{
		Token: flow.SecretValue("canary-1"), Cookies: flow.SecretValue("a=canary-2"),
		Dex: &kubeflow.Dex{Username: "u", Password: flow.SecretValue("canary-3")},
	}
	var seen secrettest.Sink
	for _, v := range []any{c, *c.Dex, struct{ c kubeflow.Resolver }{c}} {
		seen.Dump(v)
	}
	seen.Hides(t, "canary")
	seen.Heard(t, "Username:u", "[redacted]")
}

func TestRejectedAnonymousCallsNameTheSettings(t *testing.T) {
	t.Parallel()
	proxy, _ := behind(t, dextest.Config{})
	err := listRuns(t.Context(), made(t, kubeflow.Resolver{Host: proxy.URL, LookupEnv: env()}), "team")
	if status.Code(err) != codes.Unauthenticated {
		t.Fatalf("%v", err)
	}
	contains(t, err.Error(), "set Token, ServiceAccount, Dex or Cookies")
}

func TestWarningsGoToTheLoggerOfTheClient(t *testing.T) {
	t.Parallel()
	var own, clients secrettest.Sink
	r := kubeflow.Resolver{Host: "kf.example", LookupEnv: env()}
	made(t, r, clientset.WithLogger(clients.Logger()))
	contains(t, clients.String(), "level=WARN", "Host has no scheme")

	// A logger of the resolver's own wins.
	before := clients.String()
	r.Logger = own.Logger()
	made(t, r, clientset.WithLogger(clients.Logger()))
	contains(t, own.String(), "level=WARN", "Host has no scheme")
	if clients.String() != before {
		t.Errorf("the client's log has it too: %s", clients.String())
	}
}
