package flyte_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/platform/flyte"
)

func TestFlyteRow01_AnAPIKeyIsEnough(t *testing.T) {
	t.Parallel()
	s := mock(t)
	p := newPlace(t, flyte.EnvAPIKey, s.APIKey(), "FLYTE_ADMIN_INSECURE", "true",
		"FLYTE_ADMIN_ENDPOINT", "other.example.com", "FLYTE_ADMIN_AUTHTYPE", "Pkce")
	if err := call(t, s, p.resolver()); err != nil {
		t.Error(err)
	}
	c := load(t, p.resolver())
	if o := origin(c, flyte.KeyEndpoint); o.From != flyte.EnvAPIKey || !slices.Equal(o.Hides, []string{"FLYTE_ADMIN_ENDPOINT"}) {
		t.Errorf("endpoint from %+v, want the key, hiding the variable", o)
	}
	// A parameter wins over the key's endpoint, and a broken key is named.
	r := p.resolver()
	r.Endpoint = "param.example.com"
	if c := load(t, r); c.Endpoint != "param.example.com" {
		t.Errorf("endpoint %q, want the parameter's", c.Endpoint)
	}
	p.variables[flyte.EnvAPIKey] = "canary!"
	if _, err := p.resolver().Load(); err == nil || !strings.Contains(err.Error(), "FLYTE_API_KEY") || strings.Contains(err.Error(), "canary") {
		t.Errorf("%v, want an error that names FLYTE_API_KEY", err)
	}
}

func TestFlyteRow02_VariablesWorkWithoutAFile(t *testing.T) {
	t.Parallel()
	s := mock(t)
	secret := write(t, t.TempDir(), "secret", s.ClientSecret()+"\n")
	for name, more := range map[string][]string{
		"secret in a file":      {"FLYTE_ADMIN_CLIENTSECRETLOCATION", secret},
		"secret in a variable":  {"FLYTE_ADMIN_CLIENTSECRETENVVAR", "MY_SECRET", "MY_SECRET", s.ClientSecret()},
		"variable before file":  {"FLYTE_ADMIN_CLIENTSECRETLOCATION", "/no/such/file", "FLYTE_ADMIN_CLIENTSECRETENVVAR", "MY_SECRET", "MY_SECRET", s.ClientSecret()},
		"file without variable": {"FLYTE_ADMIN_CLIENTSECRETLOCATION", secret, "FLYTE_ADMIN_CLIENTSECRETENVVAR", "MY_SECRET"},
		"secret before type":    {"FLYTE_ADMIN_CLIENTSECRETLOCATION", secret, "FLYTE_ADMIN_AUTHTYPE", "pkce"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, append(more, "FLYTE_ADMIN_ENDPOINT", "dns:///"+s.Endpoint(), "FLYTE_ADMIN_INSECURE", "1", "FLYTE_ADMIN_CLIENTID", s.ClientID())...)
			if err := call(t, s, p.resolver()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFlyteRow03_TheFirstFileInFlytesOrderIsRead(t *testing.T) {
	t.Parallel()
	// Given a file in every place, each naming itself ...
	p := newPlace(t)
	root := filepath.Dir(p.dir)
	if err := os.Mkdir(filepath.Join(root, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	put := func(dir, name string) string {
		return write(t, dir, name, "admin: {endpoint: "+strings.Trim(strings.ReplaceAll(name, "/", "-"), ".")+".example.com}")
	}
	paths := []string{
		put(p.dir, "config.yaml"), put(p.dir, ".flyte/config.yaml"), put(root, ".flyte/config.yaml"),
		put(outside, "uctl.yaml"), put(outside, "flytectl.yaml"),
		put(p.home, ".union/config.yaml"), put(p.home, ".flyte/config.yaml"),
	}
	p.variables[flyte.EnvUCTLConfig], p.variables[flyte.EnvFlytectlConfig] = paths[3], paths[4]
	for i, want := range paths {
		// ... then the first is read, and when it is gone the next.
		c := load(t, p.resolver())
		if c.File != want || origin(c, flyte.KeyEndpoint).From != want+":1" {
			t.Fatalf("place %d: read %q, want %q", i+1, c.File, want)
		}
		switch i {
		case 3:
			// A variable that names no file is a mistake, not a reason to look further.
			p.variables[flyte.EnvUCTLConfig] = filepath.Join(outside, "missing.yaml")
			if _, err := p.resolver().Load(); err == nil || !strings.Contains(err.Error(), "UCTL_CONFIG") {
				t.Errorf("%v, want an error that names UCTL_CONFIG", err)
			}
			delete(p.variables, flyte.EnvUCTLConfig)
		case 4:
			delete(p.variables, flyte.EnvFlytectlConfig)
		default:
			if err := os.Remove(want); err != nil {
				t.Fatal(err)
			}
		}
	}
	if c := load(t, p.resolver()); c.File != "" || c.Endpoint != "" {
		t.Errorf("without any file %q was read", c.File)
	}
	r := p.resolver()
	r.ConfigFile = paths[4]
	if c := load(t, r); c.File != paths[4] {
		t.Errorf("read %q, want the given one", c.File)
	}
}

func TestFlyteRow08_EveryAuthTypeLeadsToItsFlow(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "<nil>", "Pkce": "flow.PKCE", "pkce": "flow.PKCE",
		"ClientSecret": "flow.ClientCredentials", "client-secret": "flow.ClientCredentials", "client_secret": "flow.ClientCredentials",
		"app-credential": "flow.ClientCredentials", "DeviceFlow": "flow.DeviceCode", "headless": "flow.DeviceCode",
		"device-flow": "flow.DeviceCode", "device_flow": "flow.DeviceCode", "ExternalCommand": "flow.Command",
		"external-command": "flow.Command", "command": "flow.Command", "custom": "flow.Command",
	} {
		p := newPlace(t, "FLYTE_ADMIN_ENDPOINT", "h", "FLYTE_ADMIN_AUTHTYPE", text, "FLYTE_ADMIN_COMMAND", "token",
			"FLYTE_ADMIN_SCOPES", `["all", "offline"]`, "FLYTE_ADMIN_AUDIENCE", "aud", "FLYTE_ADMIN_CLIENTID", "id", "FLYTE_TASK_ORG", "acme")
		if strings.Contains(want, "Credentials") {
			p.variables["FLYTE_ADMIN_CLIENTSECRETLOCATION"] = "secret"
		}
		target, err := p.resolver().Resolve(t.Context(), nil)
		if got := fmt.Sprintf("%T", target.Flow); err != nil || got != want {
			t.Errorf("%q gave %s, %v; want %s", text, got, err, want)
		}
		if c := target.Config; c.ClientID != "id" || c.Audience != "aud" || !slices.Equal(c.Scopes, []string{"all", "offline"}) || target.Org != "acme" {
			t.Errorf("%q: scopes, audience or client got lost: %+v", text, c)
		}
	}
}

func TestFlyteRow08_DisableKeyringReachesTheTarget(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"": false, "false": false, "true": true} {
		target, err := newPlace(t, "FLYTE_ADMIN_ENDPOINT", "h", "FLYTE_ADMIN_DISABLEKEYRING", text).resolver().Resolve(t.Context(), nil)
		if err != nil || target.NoKeyring != want {
			t.Errorf("%q: %v, %v; want %v", text, target.NoKeyring, err, want)
		}
	}
}

func TestFlyteRow08_CommandsLogIn(t *testing.T) {
	t.Parallel()
	// Given a backend behind a proxy, and commands that print a token for each ...
	s := mock(t, mockserver.WithProxyAuth("proxy-token"))
	token, err := s.Script().IssueToken(oauth.TokenSpec{ClientID: s.ClientID(), Scopes: []string{mockserver.DefaultScope}})
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, t.TempDir(), "a token", token.AccessToken)
	p := newPlace(t, "FLYTE_ADMIN_ENDPOINT", s.Endpoint(), "FLYTE_ADMIN_INSECURE", "true", "FLYTE_ADMIN_AUTHTYPE", "external-command",
		"FLYTE_ADMIN_COMMAND", "cat '"+file+"'", "FLYTE_ADMIN_PROXYCOMMAND", `["echo", "proxy-token"]`)
	// ... then both arrive.
	if err := call(t, s, p.resolver()); err != nil {
		t.Error(err)
	}
}

func TestFlyteRow08_TLSSettingsReachTheConnection(t *testing.T) {
	t.Parallel()
	s := mock(t, mockserver.WithTLS())
	ca := write(t, t.TempDir(), "ca.pem", string(s.CACertPEM()))
	base := []string{"FLYTE_ADMIN_ENDPOINT", s.Endpoint(), "FLYTE_ADMIN_CLIENTID", s.ClientID(),
		"FLYTE_ADMIN_CLIENTSECRETENVVAR", "S", "S", s.ClientSecret()}
	for name, test := range map[string]struct {
		more []string
		ok   bool
	}{
		"nothing":       {nil, false},
		"CA file":       {[]string{"FLYTE_ADMIN_CACERTFILEPATH", ca}, true},
		"skip verify":   {[]string{"FLYTE_ADMIN_INSECURESKIPVERIFY", "true"}, true},
		"do not skip":   {[]string{"FLYTE_ADMIN_INSECURESKIPVERIFY", "false"}, false},
		"not insecure":  {[]string{"FLYTE_ADMIN_INSECURE", "false", "FLYTE_ADMIN_CACERTFILEPATH", ca}, true},
		"not plaintext": {[]string{"FLYTE_ADMIN_INSECURE", "true"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := call(t, s, newPlace(t, append(test.more, base...)...).resolver(), clientset.WithoutRetry())
			if (err == nil) != test.ok {
				t.Errorf("%v, want success: %v", err, test.ok)
			}
		})
	}
	// The CA file is read when the client is made, and a missing one is named.
	p := newPlace(t, append(base, "FLYTE_ADMIN_CACERTFILEPATH", "missing.pem")...)
	if err := call(t, s, p.resolver()); err == nil || !strings.Contains(err.Error(), filepath.Join(p.dir, "missing.pem")) {
		t.Errorf("%v, want an error that names the file", err)
	}
	// So is a proxy that is none.
	p = newPlace(t, append(base, "FLYTE_ADMIN_HTTPPROXYURL", "socks9://user:canary@proxy")...)
	if err := call(t, s, p.resolver()); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("%v, want an error without the password", err)
	}
}

func TestFlyteRow09_WhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	s := mock(t)
	endpoint := []string{"FLYTE_ADMIN_ENDPOINT", s.Endpoint()}
	for _, test := range []struct {
		name string
		env  []string
		want []string
		is   error
	}{
		{"everything", nil, []string{"FLYTE_ADMIN_ENDPOINT", "FLYTE_API_KEY", "admin.endpoint"}, flyte.ErrNoEndpoint},
		{"client", append(endpoint, "FLYTE_ADMIN_AUTHTYPE", "ClientSecret"), []string{"admin.clientId: is not set", "FLYTE_ADMIN_CLIENTID"}, nil},
		{"secret", append(endpoint, "FLYTE_ADMIN_AUTHTYPE", "ClientSecret", "FLYTE_ADMIN_CLIENTID", "x"), []string{"FLYTE_ADMIN_CLIENTSECRETLOCATION", "FLYTE_ADMIN_CLIENTSECRETENVVAR"}, nil},
		{"variable", append(endpoint, "FLYTE_ADMIN_CLIENTID", "x", "FLYTE_ADMIN_CLIENTSECRETENVVAR", "MY_SECRET"), []string{"MY_SECRET", "is not set"}, nil},
		{"command", append(endpoint, "FLYTE_ADMIN_AUTHTYPE", "custom"), []string{"admin.command", "FLYTE_ADMIN_COMMAND"}, nil},
		{"sense", append(endpoint, "FLYTE_ADMIN_AUTHTYPE", "kerberos"), []string{"FLYTE_ADMIN_AUTHTYPE", "Pkce, ClientSecret, DeviceFlow or ExternalCommand"}, nil},
		{"agreement", []string{"FLYTE_ADMIN_ENDPOINT", "https://h", "FLYTE_ADMIN_INSECURE", "true"}, []string{"FLYTE_ADMIN_INSECURE", "https://"}, nil},
		{"agreement, too", []string{"FLYTE_ADMIN_ENDPOINT", "HTTP://h", "FLYTE_ADMIN_INSECURE", "false"}, []string{"FLYTE_ADMIN_INSECURE: admin.insecure is false", "FLYTE_ADMIN_ENDPOINT says http://"}, nil},
		{"name of a secret", append(endpoint, "FLYTE_ADMIN_CLIENTSECRETENVVAR", "can-ary"), []string{"FLYTE_ADMIN_CLIENTSECRETENVVAR"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := call(t, s, newPlace(t, test.env...).resolver())
			var e *flyte.Error
			if !errors.As(err, &e) || status.Code(err) != codes.FailedPrecondition || test.is != nil && !errors.Is(err, test.is) {
				t.Fatalf("%v, want a *flyte.Error", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q", err, want)
				}
			}
		})
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests were made, want none", n)
	}
	// What the program itself gives wins over the rest, and is no disagreement.
	r := newPlace(t, "FLYTE_ADMIN_INSECURE", "false").resolver()
	r.Endpoint = "http://127.0.0.1:8090"
	if target, err := r.Resolve(t.Context(), nil); err != nil || target.Endpoint != r.Endpoint {
		t.Errorf("%v, %v", target, err)
	}
}

func TestFlyteRow09_NoInteractiveLoginStartsByItself(t *testing.T) {
	t.Parallel()
	s := mock(t)
	err := call(t, s, newPlace(t, "FLYTE_ADMIN_ENDPOINT", s.Endpoint(), "FLYTE_ADMIN_INSECURE", "true").resolver())
	if !errors.Is(err, auth.ErrInteractionRequired) || errors.Is(err, flow.ErrDenied) {
		t.Errorf("%v, want ErrInteractionRequired", err)
	}
}
