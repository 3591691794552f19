package languages_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// root is the repository's directory, which paths in the stanzas start from.
const root = "../.."

// plugin is one entry of a stanza's list of plugins.
type plugin struct{ builtin, local, out, opt string }

// readStanza understands as much of buf.gen.*.yaml as is written there: an entry
// begins with a dash and has one key a line.
func readStanza(t *testing.T, name string) []plugin {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "\nplugins:\n")
	var plugins []plugin
	for line := range strings.Lines(list) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		key, first := strings.CutPrefix(key, "- ")
		if first {
			plugins = append(plugins, plugin{})
		}
		if len(plugins) == 0 {
			t.Fatalf("%s: %q stands before the first plugin", name, line)
		}
		p := &plugins[len(plugins)-1]
		value = strings.Trim(value, "[]")
		switch key {
		case "protoc_builtin":
			p.builtin = value
		case "local":
			p.local = strings.TrimPrefix(value, "node, ") // the plugin is executable by itself
		case "out":
			p.out = value
		case "opt":
			p.opt = strings.ReplaceAll(value, " ", "")
		default:
			t.Fatalf("%s: unexpected key %q", name, key)
		}
	}
	if len(plugins) == 0 {
		t.Fatalf("%s has no plugins", name)
	}
	return plugins
}

// generate does what `buf generate --template` does with the stanza, by Debian's
// protoc: building buf takes minutes.
func generate(t *testing.T, stanza string) {
	t.Helper()
	var protos []string
	base := filepath.Join(root, "proto")
	for _, dir := range []string{"flyteidl2", "google", "jetway"} {
		err := filepath.WalkDir(filepath.Join(base, dir), func(path string, _ fs.DirEntry, err error) error {
			if err == nil && filepath.Ext(path) == ".proto" {
				path, err = filepath.Rel(base, path)
				protos = append(protos, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	plugins := readStanza(t, stanza)
	for _, p := range plugins {
		if err := os.RemoveAll(filepath.Join(root, p.out)); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range plugins {
		if err := os.MkdirAll(filepath.Join(root, p.out), 0o755); err != nil {
			t.Fatal(err)
		}
		args := []string{"-I", "proto"}
		name := p.builtin
		if name == "" {
			path, err := exec.LookPath(p.local)
			if strings.Contains(p.local, "/") {
				path, err = filepath.Abs(filepath.Join(root, p.local))
			}
			if err != nil {
				t.Fatalf("%v; `make integration` installs what is missing", err)
			}
			name = "ours"
			args = append(args, "--plugin=protoc-gen-"+name+"="+path)
		}
		args = append(args, "--"+name+"_out="+p.out)
		if p.opt != "" {
			args = append(args, "--"+name+"_opt="+p.opt)
		}
		run(t, root, "protoc", append(args, protos...)...)
	}
}

// run runs a tool that has to succeed.
func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v (`make integration` installs what is missing)\n%s", name, err, out)
	}
}

// The documentation has the same plugins with the same options.
func TestStanzasAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs", "languages.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, stanza := range []string{"buf.gen.typescript.yaml", "buf.gen.python.yaml"} {
		text, err := os.ReadFile(stanza)
		if err != nil {
			t.Fatal(err)
		}
		_, list, _ := strings.Cut(string(text), "\nplugins:\n")
		// Only the place differs: there, everything is in one directory.
		list = strings.ReplaceAll(list, "integration/languages/typescript/", "")
		list = strings.ReplaceAll(list, "integration/languages/python/", "")
		if list == "" || !strings.Contains(string(page), list) {
			t.Errorf("%s: docs/languages.md lacks\n%s", stanza, list)
		}
	}
}
