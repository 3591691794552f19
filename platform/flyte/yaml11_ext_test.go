package flyte_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/platform/flyte"
)

// inFile is what Load makes of a config file in the home directory.
func inFile(t *testing.T, content string) (*flyte.Config, string, error) {
	t.Helper()
	p := newPlace(t)
	path := write(t, p.home, ".flyte/config.yaml", content)
	c, err := p.resolver().Load()
	return c, path, err
}

func TestFlyteRow10_MergedMappingsCountAsIfWrittenThere(t *testing.T) {
	t.Parallel()
	c, path, err := inFile(t, `
defaults: &defaults
  insecure: true
  endpoint: default.example.com
  clientId: default
more: &more {clientId: more, audience: more}
base: &base
  task: {org: acme, project: base}
<<: *base
admin:
  endpoint: own.example.com
  <<: [*more, *defaults]
  scopes: [all]
  audience:
`)
	if err != nil {
		t.Fatal(err)
	}
	if c.Endpoint != "own.example.com" || c.ClientID != "more" || !c.Insecure || !slices.Equal(c.Scopes, []string{"all"}) || c.Org != "acme" || c.Project != "base" {
		t.Errorf("%v\nwant the own endpoint, the client of the first mapping, and the rest of the second", c)
	}
	if c.Audience != "" {
		t.Errorf("audience %q, want that an empty key of its own wins", c.Audience)
	}
	if len(c.Warnings) != 0 {
		t.Errorf("warnings %v, want none for mappings that are there to be merged", c.Warnings)
	}
	if o := origin(c, flyte.KeyInsecure); o.From != path+":3" {
		t.Errorf("insecure comes from %q, want the line where it is written", o.From)
	}
}

func TestFlyteRow10_AMergeOfSomethingElseIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	deep := "l0: &l0 {endpoint: h}\n"
	for _, level := range []string{"1", "2", "3", "4", "5", "6"} {
		before := string(level[0] - 1)
		deep += "l" + level + ": &l" + level + "\n  <<: [" + strings.TrimSuffix(strings.Repeat("*l"+before+", ", 50), ", ") + "]\n"
	}
	for content, want := range map[string]string{
		"admin:\n  <<: h\n":                             ":2: admin must merge (<<) a mapping, or a list of them",
		"admin:\n  <<:\n":                               ":2: admin must merge (<<) a mapping, or a list of them",
		"admin:\n  <<: [{endpoint: h}, canary]\n":       ":2: admin must be a mapping",
		"admin: &a\n  <<: *a\n":                         "admin merges too many mappings, or one into itself (<<)",
		deep + "admin: *l6\n":                           "admin merges too many mappings",
		"a: &a {}\nadmin:\n  <<: *a\n  <<: *a\n":        `:4: "<<" is in admin twice`,
		"a: &a {insecure: [x]}\nadmin:\n  <<: *a\n":     ":1: admin.insecure must be true or false",
		"a: &a {endpoint: x, endpoint: y}\nadmin: *a\n": `:1: "endpoint" is in admin twice`,
	} {
		_, _, err := inFile(t, content)
		var e *flyte.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%.60q: %v, want %q", content, err, want)
		}
	}
	// A key in quotes is no merge, and a misspelt section is reported although it has an anchor.
	c, path, err := inFile(t, "admin:\n  '<<': {endpoint: x}\nAdmin: &a {endpoint: y}\n")
	if err != nil || c.Endpoint != "" || len(c.Warnings) != 2 {
		t.Fatalf("%v, %v; want two warnings", c, err)
	}
	if got, want := c.Warnings[1].String(), path+`:3: unknown section "Admin" has no effect; did you mean "admin"?`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestFlyteRow10_AMergedCommandNeedsTrust(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	write(t, p.dir, "config.yaml", "x: &x\n  command: [evil]\nadmin:\n  endpoint: h.example.com\n  <<: *x\n")
	if _, err := p.resolver().Resolve(t.Context(), nil); !errors.Is(err, flyte.ErrUntrusted) || !strings.Contains(err.Error(), "admin.command (line 2)") {
		t.Errorf("%v, want ErrUntrusted that names line 2", err)
	}
}

// PyYAML reads YAML 1.1, with these words in these spellings.
func TestFlyteRow10_BooleansOfAFileAreThoseOfYAML11(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]bool{
		"yes": true, "Yes": true, "YES": true, "on": true, "On": true, "ON": true, "true": true, "TRUE": true, "'yes'": true,
		"no": false, "No": false, "NO": false, "off": false, "Off": false, "OFF": false, "false": false, `"off"`: false,
	} {
		c, _, err := inFile(t, "admin: {insecure: "+word+", disableKeyring: true}")
		if err != nil || c.Insecure != want || origin(c, flyte.KeyInsecure).From == "" {
			t.Errorf("%s: %v, %v; want %v", word, c, err, want)
		}
	}
	// flyte-sdk takes these for text, and any text for true: they are errors here.
	for _, word := range []string{"y", "n", "Y", "N", "oN", "yEs", "disabled"} {
		if _, _, err := inFile(t, "admin: {insecure: "+word+"}"); err == nil || !strings.Contains(err.Error(), "admin.insecure must be true or false") {
			t.Errorf("%s: %v, want an error", word, err)
		}
	}
}

func TestFlyteRow10_CommasSeparateScopes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"all,offline": {"all", "offline"}, "all, offline": {"all", "offline"}, "all offline": {"all", "offline"}, " ,all,, ": {"all"},
		`["a", "b"]`: {"a", "b"}, ",": nil, "https://h/.default,openid": {"https://h/.default", "openid"},
	} {
		p := newPlace(t, "FLYTE_ADMIN_SCOPES", text, "FLYTE_ADMIN_COMMAND", "tool --scopes a,b")
		c := load(t, p.resolver())
		if !slices.Equal(c.Scopes, want) || !slices.Equal(c.Command, []string{"tool", "--scopes", "a,b"}) {
			t.Errorf("%q: scopes %q, command %q; want scopes %q and the command as it is", text, c.Scopes, c.Command, want)
		}
		c, _, err := inFile(t, "admin:\n  scopes: '"+text+"'")
		if err != nil || !slices.Equal(c.Scopes, want) {
			t.Errorf("%q in a file: %q, %v; want %q", text, c.Scopes, err, want)
		}
	}
	if c, _, err := inFile(t, "admin: {scopes: ['a,b', c]}"); err != nil || !slices.Equal(c.Scopes, []string{"a,b", "c"}) {
		t.Errorf("%q, %v; want the items of a YAML list as they are", c.Scopes, err)
	}
}

func TestFlyteRow10_ATildeInAPathIsTheHomeDirectory(t *testing.T) {
	t.Parallel()
	p := newPlace(t, flyte.EnvFlytectlConfig, "~/flyte/mine.yaml")
	write(t, p.home, "flyte/mine.yaml", `admin:
  endpoint: h.example.com
  caCertFilePath: ~/ca.pem
  clientSecretLocation: ~ada/secret
  command: [~/bin/token, ~/argument]
`)
	c := load(t, p.resolver())
	if c.CACertFile != filepath.Join(p.home, "ca.pem") || !slices.Equal(c.Command, []string{filepath.Join(p.home, "bin", "token"), "~/argument"}) {
		t.Errorf("CA file %q, command %q; want them at home", c.CACertFile, c.Command)
	}
	if o := origin(c, flyte.KeyCACertFilePath); o.Value != "~/ca.pem" {
		t.Errorf("explained as %q, want what is written", o.Value)
	}
	r := p.resolver()
	p.variables["FLYTE_ADMIN_CACERTFILEPATH"] = "~/other.pem"
	r.ConfigFile = "~/flyte/mine.yaml"
	if c := load(t, r); c.CACertFile != filepath.Join(p.home, "other.pem") {
		t.Errorf("CA file %q from a variable", c.CACertFile)
	}
}

func TestFlyteRow10_ATildeWithoutAHomeDirectoryIsAnError(t *testing.T) {
	t.Setenv("HOME", "")
	t.Setenv("USERPROFILE", "")
	t.Setenv("home", "")
	for _, name := range []string{"FLYTE_ADMIN_CACERTFILEPATH", "FLYTE_ADMIN_CLIENTSECRETLOCATION", "FLYTE_ADMIN_COMMAND", flyte.EnvUCTLConfig} {
		p := newPlace(t, name, "~/canary")
		r := p.resolver()
		r.Home = ""
		_, err := r.Load()
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "set HOME, or write the whole path") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want an error that names it", name, err)
		}
	}
}
