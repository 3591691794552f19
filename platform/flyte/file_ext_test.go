package flyte_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/platform/flyte"
)

func TestFlyteRow04_ValuesAreWhatTheySay(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	path := write(t, p.home, ".flyte/config.yaml", `
admin:
  endpoint: dns:///flyte.example.com
  insecure: false
  insecureSkipVerify: "false"
  disableKeyring: true
  scopes: [all, offline]
  command:
    - aws
    - token
    - "--days"
    - 1
  proxyCommand: gcloud auth "print identity"
  clientId:
  audience: ""
console: ~
task: {org: acme, project: 42, domain: development}
`)
	c := load(t, p.resolver())
	if c.Insecure || c.InsecureSkipVerify || !c.DisableKeyring {
		t.Errorf("booleans %v %v %v, want only the last", c.Insecure, c.InsecureSkipVerify, c.DisableKeyring)
	}
	if !slices.Equal(c.Scopes, []string{"all", "offline"}) || !slices.Equal(c.Command, []string{"aws", "token", "--days", "1"}) ||
		!slices.Equal(c.ProxyCommand, []string{"gcloud", "auth", "print identity"}) {
		t.Errorf("lists %q %q %q", c.Scopes, c.Command, c.ProxyCommand)
	}
	if c.Endpoint != "dns:///flyte.example.com" || c.Project != "42" || c.ClientID != "" || c.Audience != "" || len(c.Warnings) != 0 {
		t.Errorf("texts %+v, warnings %v", c, c.Warnings)
	}

	// Variables win, false over true as well, and lists are lists.
	maps.Copy(p.variables, map[string]string{
		"FLYTE_ADMIN_DISABLEKEYRING": "false", "FLYTE_ADMIN_SCOPES": "one two", "FLYTE_ADMIN_COMMAND": `["a b", "c"]`,
		"FLYTE_ADMIN_PROXYCOMMAND": `tool --flag='x y' "q\"uote" back\ slash ''`,
		"FLYTE_TASK_PROJECT":       "other", "FLYTE_TASK_DOMAIN": "",
	})
	c = load(t, p.resolver())
	if c.DisableKeyring || !slices.Equal(c.Scopes, []string{"one", "two"}) || !slices.Equal(c.Command, []string{"a b", "c"}) ||
		!slices.Equal(c.ProxyCommand, []string{"tool", "--flag=x y", `q"uote`, "back slash", ""}) {
		t.Errorf("from variables: %v %q %q %q", c.DisableKeyring, c.Scopes, c.Command, c.ProxyCommand)
	}
	if c.Project != "other" || c.Domain != "development" {
		t.Errorf("project %q and domain %q, want the variable's and, as that is empty, the file's", c.Project, c.Domain)
	}
	if o := origin(c, flyte.KeyProject); o.From != "FLYTE_TASK_PROJECT" || !slices.Equal(o.Hides, []string{path + ":17"}) {
		t.Errorf("origin %+v", o)
	}
}

func TestFlyteRow04_WrongValuesAreNamedWithTheirPlace(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"FLYTE_ADMIN_INSECURE": "yes", "FLYTE_ADMIN_INSECURESKIPVERIFY": "falsch", "FLYTE_ADMIN_COMMAND": `"open`,
		"FLYTE_ADMIN_PROXYCOMMAND": `[1]`, "FLYTE_ADMIN_SCOPES": `["a"`,
	} {
		if _, err := newPlace(t, name, text).resolver().Load(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v, want an error that names it", name, text, err)
		}
	}
	for content, want := range map[string]string{
		"admin:\n  insecure: yes please":                 ":2: admin.insecure must be true or false",
		"admin:\n  insecure: 1":                          ":2: admin.insecure must be true or false",
		"admin:\n  insecure: [true]":                     ":2: admin.insecure must be true or false",
		"admin:\n\n  endpoint: [a]":                      ":3: admin.endpoint must be text",
		"admin:\n  endpoint: true":                       ":2: admin.endpoint must be text",
		"admin:\n  scopes: {a: b}":                       ":2: admin.scopes must be a list of text",
		"admin:\n  scopes:\n  - a\n  - [b]":              ":4: every item of admin.scopes must be text",
		"admin: endpoint":                                ":1: admin must be a mapping",
		"- admin":                                        ":1: the file must be a mapping",
		"admin:\n  endpoint: a\n  endpoint: b":           `:3: "endpoint" stands in admin twice, first in line 2`,
		"admin: {}\nadmin: {}":                           ":2:",
		"admin:\n\tendpoint: canary":                     "line 2",
		"admin:\n  endpoint: 'canary":                    "",
		"? [a]\n: b":                                     "a key that is not text",
		"admin:\n  command: \"'canary\"":                 ":2: admin.command has a ' that is not closed",
		"a: &a [*a]\nadmin: *a":                          "must be a mapping",
		strings.Repeat("x", 2<<20):                       "larger than",
		"admin: " + strings.Repeat("{a: ", 20000) + "b}": "",
	} {
		p := newPlace(t)
		path := write(t, p.home, ".flyte/config.yaml", content)
		_, err := p.resolver().Load()
		var e *flyte.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%.60q: %v, want %q, the path and no content", content, err, want)
		}
	}
}

func TestFlyteRow05_UnknownKeysWarnWithTheirLine(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	path := write(t, p.home, ".union/config.yaml", `# a comment
admin:
  endpoint: h.example.com
  clientID: mine
  maxRetries: 3
image: {builder: local}
logger:
  level: 6
Task:
  org: acme
`)
	var log bytes.Buffer
	r := p.resolver()
	r.Logger = slog.New(slog.NewTextHandler(&log, nil))
	if _, err := r.Resolve(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	want := []string{
		path + `:4: unknown key "admin.clientID" has no effect; did you mean "admin.clientId"?`,
		path + `:5: unknown key "admin.maxRetries" has no effect`,
		path + `:9: unknown section "Task" has no effect; did you mean "task"?`,
	}
	var got []string
	for _, w := range load(t, r).Warnings {
		got = append(got, w.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("warnings\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 3 || !strings.Contains(log.String(), "line=4") {
		t.Errorf("the logger heard %s", log.String())
	}
}

func TestFlyteRow06_ExplainTellsWhereEachValueCameFrom(t *testing.T) {
	t.Parallel()
	p := newPlace(t,
		"FLYTE_ADMIN_ENDPOINT", "env.example.com", "FLYTE_ADMIN_PROXYCOMMAND", "proxy-tool --password canary",
		"FLYTE_ADMIN_HTTPPROXYURL", "http://user:canary@proxy.example.com:3128/")
	path := write(t, p.home, ".flyte/config.yaml", "admin:\n  endpoint: file.example.com\n  insecure: false\n  command: [tool, canary]\n  scopes: [a, b]\n")
	c := load(t, p.resolver())
	want := "admin.endpoint = env.example.com (FLYTE_ADMIN_ENDPOINT), hiding " + path + ":2\n" +
		"admin.insecure = false (" + path + ":3)\n" +
		"admin.httpProxyURL = http://[redacted]@proxy.example.com:3128 (FLYTE_ADMIN_HTTPPROXYURL)\n" +
		"admin.scopes = a b (" + path + ":5)\n" +
		"admin.command = tool and 1 arguments (" + path + ":4)\n" +
		"admin.proxyCommand = proxy-tool and 2 arguments (FLYTE_ADMIN_PROXYCOMMAND)\n"
	if c.String() != want {
		t.Errorf("got\n%s\nwant\n%s", c, want)
	}
	if n := len(c.Explain()); n != 18 {
		t.Errorf("%d keys are explained, want all 18", n)
	}
	if o := origin(c, flyte.KeyClientID); o.From != "" || o.String() != "admin.clientId is not set" {
		t.Errorf("%v", o)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, c) + fmt.Sprintf(verb, c.Explain()); strings.Contains(text, "canary") {
			t.Errorf("a secret shows with %s: %s", verb, text)
		}
	}
}

func TestFlyteRow07_FilesOfTheWorkingDirectoryNeedTrust(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"config.yaml", ".flyte/config.yaml", "../.flyte/config.yaml"} {
		for key, test := range map[string]struct {
			line string
			env  []string
		}{
			"admin.command":              {"command: [evil]", nil},
			"admin.proxyCommand":         {"proxyCommand: [evil]", nil},
			"admin.clientSecretLocation": {"clientSecretLocation: /home/me/.secret", nil},
			"admin.clientSecretEnvVar":   {"clientSecretEnvVar: AWS_SECRET_ACCESS_KEY", nil},
			"admin.insecureSkipVerify":   {"insecureSkipVerify: true", nil},
			"admin.caCertFilePath":       {"caCertFilePath: evil.pem", nil},
			// A secret from elsewhere, which the file would send somewhere.
			"admin.endpoint":     {"audience: x", []string{"FLYTE_ADMIN_CLIENTSECRETENVVAR", "S", "S", "canary", "FLYTE_ADMIN_CLIENTID", "c"}},
			"admin.insecure":     {"insecure: true", []string{"FLYTE_ADMIN_COMMAND", "mine", "FLYTE_ADMIN_AUTHTYPE", "command"}},
			"admin.httpProxyURL": {"httpProxyURL: http://evil", []string{"FLYTE_ADMIN_CLIENTSECRETLOCATION", "mine", "FLYTE_ADMIN_CLIENTID", "c"}},
		} {
			t.Run(name+" "+key, func(t *testing.T) {
				t.Parallel()
				// Given a file that came with the working directory ...
				p := newPlace(t, test.env...)
				if err := os.Mkdir(filepath.Join(filepath.Dir(p.dir), ".git"), 0o700); err != nil {
					t.Fatal(err)
				}
				content := "admin:\n  endpoint: evil.example.com\n  clientId: x\n  " + test.line + "\n"
				path := write(t, p.dir, name, content)
				// ... then it must not do that ...
				_, err := p.resolver().Resolve(t.Context(), nil)
				if !errors.Is(err, flyte.ErrUntrusted) || !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), filepath.Clean(path)) {
					t.Fatalf("%v, want ErrUntrusted that names %s", err, key)
				}
				// ... until somebody says so ...
				trust := p.resolver().Trust.(flyte.FileTrust)
				if err := trust.Record(path); err != nil {
					t.Fatal(err)
				}
				if _, err := p.resolver().Resolve(t.Context(), nil); err != nil && !strings.Contains(err.Error(), "AWS_SECRET_ACCESS_KEY") {
					t.Errorf("trusted: %v", err)
				}
				// ... and no longer once it changes, or that is taken back.
				write(t, p.dir, name, content+"# changed\n")
				if _, err := p.resolver().Resolve(t.Context(), nil); !errors.Is(err, flyte.ErrUntrusted) {
					t.Errorf("changed: %v", err)
				}
				write(t, p.dir, name, content)
				if err := trust.Forget(path); err != nil {
					t.Fatal(err)
				}
				if _, err := p.resolver().Resolve(t.Context(), nil); !errors.Is(err, flyte.ErrUntrusted) {
					t.Errorf("forgotten: %v", err)
				}
			})
		}
	}
}

func TestFlyteRow07_WhatNeedsNoTrust(t *testing.T) {
	t.Parallel()
	const dangerous = "admin:\n  endpoint: h.example.com\n  command: [tool]\n"
	// Harmless settings of the working directory, and what a variable overrides.
	p := newPlace(t)
	write(t, p.dir, "config.yaml", "admin: {endpoint: h.example.com, authType: Pkce, insecure: true}\ntask: {project: p}\n")
	if _, err := p.resolver().Resolve(t.Context(), nil); err != nil {
		t.Errorf("harmless: %v", err)
	}
	p = newPlace(t, "FLYTE_ADMIN_COMMAND", "mine", "FLYTE_ADMIN_ENDPOINT", "mine.example.com")
	write(t, p.dir, "config.yaml", dangerous)
	if _, err := p.resolver().Resolve(t.Context(), nil); err != nil {
		t.Errorf("overridden: %v", err)
	}
	// The user's own files, and those that the user names.
	p = newPlace(t)
	write(t, p.home, ".flyte/config.yaml", dangerous)
	if _, err := p.resolver().Resolve(t.Context(), nil); err != nil {
		t.Errorf("home: %v", err)
	}
	path := write(t, p.dir, "named.yaml", dangerous)
	p.variables[flyte.EnvFlytectlConfig] = path
	if _, err := p.resolver().Resolve(t.Context(), nil); err != nil {
		t.Errorf("variable: %v", err)
	}
	r := p.resolver()
	r.ConfigFile = "named.yaml"
	if _, err := r.Resolve(t.Context(), nil); err != nil {
		t.Errorf("parameter: %v", err)
	}
}

func TestFlyteRow07_DecisionsAreKeptSafely(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	trust := flyte.FileTrust{Path: filepath.Join(dir, "sub", "trust.json")}
	config := write(t, dir, "config.yaml", "admin: {}")
	link := filepath.Join(dir, "link.yaml")
	if err := os.Symlink(config, link); err != nil {
		t.Fatal(err)
	}
	if err := trust.Record(link); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{config: true, link: true, filepath.Join(dir, ".", "x", "..", "config.yaml"): true, filepath.Join(dir, "other.yaml"): false} {
		if ok, err := trust.Trusted(path, []byte("admin: {}")); ok != want || err != nil {
			t.Errorf("%s: %v, %v; want %v", path, ok, err, want)
		}
	}
	info, err := os.Stat(trust.Path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if err := os.WriteFile(trust.Path, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if ok, err := trust.Trusted(config, []byte("admin: {}")); ok || err == nil {
		t.Errorf("a broken file: %v, %v; want an error", ok, err)
	}
	if err := trust.Record(filepath.Join(dir, "missing")); err == nil {
		t.Error("a missing file was trusted")
	}
}
