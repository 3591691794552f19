package flyte_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jetway-go/jetway/platform/flyte"
)

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
				// ... then it is refused ...
				_, err := p.resolver().Resolve(t.Context(), nil)
				if !errors.Is(err, flyte.ErrUntrusted) || !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), filepath.Clean(path)) {
					t.Fatalf("%v, want ErrUntrusted that names %s", err, key)
				}
				// ... until it is recorded as trusted ...
				trust := p.resolver().Trust.(flyte.FileTrust)
				if err := trust.Record(path); err != nil {
					t.Fatal(err)
				}
				if _, err := p.resolver().Resolve(t.Context(), nil); err != nil && !strings.Contains(err.Error(), "AWS_SECRET_ACCESS_KEY") {
					t.Errorf("trusted: %v", err)
				}
				// ... and no longer once it changes, or the decision is deleted.
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

// A secret that the program has by itself is not sent to an address from such a file either.
func TestFlyteRow07_TheProgramsOwnSecretNeedsATrustedAddress(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	path := write(t, p.dir, "config.yaml", "admin: {endpoint: h.example.com}\n")
	r := p.resolver()
	if _, err := r.Resolve(t.Context(), nil); err != nil {
		t.Errorf("without a secret: %v", err)
	}
	r.HasSecret = true
	if _, err := r.Resolve(t.Context(), nil); !errors.Is(err, flyte.ErrUntrusted) || !strings.Contains(err.Error(), "admin.endpoint") {
		t.Errorf("with one: %v", err)
	}
	r.Endpoint = "own.example.com"
	if _, err := r.Resolve(t.Context(), nil); err != nil {
		t.Errorf("with an address of its own: %v", err)
	}
	r.Endpoint = ""
	if err := r.Trust.(flyte.FileTrust).Record(path); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Resolve(t.Context(), nil); err != nil {
		t.Errorf("trusted: %v", err)
	}
}

func TestFlyteRow07_HarmlessKeysAndTheUsersOwnFilesNeedNoTrust(t *testing.T) {
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
	// That is so where the user works at home, or names what lies in the directory ...
	p.dir = p.home
	if _, err := p.resolver().Resolve(t.Context(), nil); err != nil {
		t.Errorf("at home: %v", err)
	}
	p = newPlace(t)
	p.variables[flyte.EnvUCTLConfig] = write(t, p.dir, "config.yaml", dangerous)
	if _, err := p.resolver().Resolve(t.Context(), nil); err != nil {
		t.Errorf("named as the error says: %v", err)
	}
	// ... and not for what merely lies at home.
	p = newPlace(t)
	p.dir = p.home
	write(t, p.home, "config.yaml", dangerous)
	if _, err := p.resolver().Resolve(t.Context(), nil); !errors.Is(err, flyte.ErrUntrusted) {
		t.Errorf("another file at home: %v", err)
	}
	p = newPlace(t)
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

func TestFlyteRow07_DecisionsAreStoredForTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	trust := flyte.FileTrust{Dir: filepath.Join(dir, "sub", "trust")}
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
	kept, err := filepath.Glob(filepath.Join(trust.Dir, "*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("decisions %v, %v; want one", kept, err)
	}
	info, err := os.Stat(kept[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if err := os.Chmod(kept[0], 0o620); err != nil {
		t.Fatal(err)
	}
	if ok, err := trust.Trusted(config, []byte("admin: {}")); ok || err == nil || !strings.Contains(err.Error(), "other users may write "+kept[0]) {
		t.Errorf("a file that others may write: %v, %v; want an error", ok, err)
	}
	if err := os.Chmod(kept[0], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(trust.Dir, 0o770); err != nil {
		t.Fatal(err)
	}
	if ok, err := trust.Trusted(config, []byte("admin: {}")); ok || err == nil || !strings.Contains(err.Error(), "other users may write "+trust.Dir+",") {
		t.Errorf("a directory that others may write: %v, %v; want an error", ok, err)
	}
	if err := os.Chmod(trust.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kept[0], []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if ok, err := trust.Trusted(config, []byte("admin: {}")); ok || err == nil {
		t.Errorf("a broken file: %v, %v; want an error", ok, err)
	}
	if err := trust.Record(filepath.Join(dir, "missing")); err == nil {
		t.Error("a missing file was trusted")
	}
}

func TestFlyteRow07_ConcurrentDecisionsAreAllStored(t *testing.T) {
	t.Parallel()
	// Given a file that is trusted ...
	dir := t.TempDir()
	trust := flyte.FileTrust{Dir: filepath.Join(dir, "trust")}
	mistake := write(t, dir, "mistake.yaml", "admin: {}")
	if err := trust.Record(mistake); err != nil {
		t.Fatal(err)
	}
	// ... when that is taken back while others are recorded ...
	var wg sync.WaitGroup
	for i := range 20 {
		path := write(t, dir, fmt.Sprint(i, ".yaml"), "admin: {}")
		wg.Go(func() {
			if err := trust.Record(path); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Go(func() {
		if err := trust.Forget(mistake); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	// ... then each of them counts.
	if ok, err := trust.Trusted(mistake, []byte("admin: {}")); ok || err != nil {
		t.Errorf("what was taken back: %v, %v", ok, err)
	}
	for i := range 20 {
		if ok, err := trust.Trusted(filepath.Join(dir, fmt.Sprint(i, ".yaml")), []byte("admin: {}")); !ok || err != nil {
			t.Errorf("decision %d: %v, %v", i, ok, err)
		}
	}
}
