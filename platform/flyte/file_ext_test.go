package flyte_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/platform/flyte"
)

func TestFlyteRow04_ValuesHaveTheTypeOfTheirKey(t *testing.T) {
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
	p.variables["FLYTE_ADMIN_SCOPES"] = "[]" // is as good as none
	if c := load(t, p.resolver()); !slices.Equal(c.Scopes, []string{"all", "offline"}) || origin(c, flyte.KeyScopes).File != path {
		t.Errorf("scopes %q from %v, want the file's", c.Scopes, origin(c, flyte.KeyScopes))
	}
	p.variables["FLYTE_ADMIN_SCOPES"] = "one two"
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
		"admin:\n  endpoint: a\n  endpoint: b":           `:3: "endpoint" is in admin twice, first in line 2`,
		"admin: {}\nadmin: {}":                           ":2:",
		"admin:\n\tendpoint: canary":                     "line 2",
		"admin:\n  endpoint: 'canary":                    "",
		"? [a]\n: b":                                     "a key that is not text",
		"admin:\n  command: \"'canary\"":                 ":2: admin.command has a ' that is not closed",
		"a: &a [*a]\nadmin: *a":                          "must be a mapping",
		"admin:\n  clientSecretLocation: *canary":        "unknown anchor '…'",
		"admin: {endpoint: a}\n---\nadmin: {}":           ":2: a second document begins here",
		"admin: {endpoint: a}\n---\nadmin: {endpoint: [": "",
		"admin:\n  clientSecretEnvVar: can-ary?":         ":2: admin.clientSecretEnvVar is not the name of a variable",
		"admin:\n  clientSecretEnvVar: 7canary":          ":2: admin.clientSecretEnvVar is not the name of a variable",
		"admin:\n  command: ['']":                        ":2: admin.command names no program",
		"admin:\n  proxyCommand: ' \" \" x'":             ":2: admin.proxyCommand names no program",
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
local: {persistence: true}
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
		t.Errorf("the log is %s", log.String())
	}
}

func TestFlyteRow06_ExplainListsTheOriginOfEachValue(t *testing.T) {
	t.Parallel()
	p := newPlace(t,
		"FLYTE_ADMIN_ENDPOINT", "env.example.com", "FLYTE_ADMIN_PROXYCOMMAND", "proxy-tool --password canary",
		"FLYTE_ADMIN_HTTPPROXYURL", "http://user:canary@proxy.example.com:3128/?canary")
	path := write(t, p.home, ".flyte/config.yaml", "admin:\n  endpoint: file.example.com\n  insecure: false\n  command: [tool, canary]\n  scopes: [a, b]\n")
	c := load(t, p.resolver())
	want := "admin.endpoint = env.example.com (FLYTE_ADMIN_ENDPOINT), hiding " + path + ":2\n" +
		"admin.insecure = false (" + path + ":3)\n" +
		"admin.httpProxyURL = http://[redacted]@proxy.example.com:3128?[redacted] (FLYTE_ADMIN_HTTPPROXYURL)\n" +
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
