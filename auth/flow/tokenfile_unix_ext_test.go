//go:build unix

package flow_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
)

// Kubernetes replaces a projected token by pointing a link at a new folder and
// deleting the old one. A reader gets one of the two as a whole.
func TestTokenFileInAProjectedVolume(t *testing.T) {
	t.Parallel()
	volume := t.TempDir()
	publish := func(version int) error {
		dir := filepath.Join(volume, fmt.Sprintf("..version-%d", version))
		link := filepath.Join(volume, "..data")
		old, _ := os.Readlink(link)
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		token := fmt.Sprintf("token-%d-%s", version, strings.Repeat("x", 1000))
		if err := os.WriteFile(filepath.Join(dir, "token"), []byte(token), 0o600); err != nil {
			return err
		}
		if err := os.Symlink(filepath.Base(dir), link+"_tmp"); err != nil {
			return err
		}
		if err := os.Rename(link+"_tmp", link); err != nil || old == "" {
			return err
		}
		return os.RemoveAll(filepath.Join(volume, old))
	}
	if err := publish(0); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("..data", "token"), filepath.Join(volume, "token")); err != nil {
		t.Fatal(err)
	}
	const versions = 300
	published := make(chan error, 1)
	go func() {
		for version := 1; version <= versions; version++ {
			if err := publish(version); err != nil {
				published <- err
				return
			}
		}
		published <- nil
	}()
	f := flow.TokenFile{Path: filepath.Join(volume, "token")}
	reads := 0
	for done := false; !done; reads++ {
		select {
		case err := <-published:
			if err != nil {
				t.Fatal(err)
			}
			done = true
		default:
		}
		c, err := f.Obtain(t.Context(), auth.Env{}, nil)
		if err != nil {
			t.Fatalf("read %d: %v", reads, err)
		}
		if !strings.HasPrefix(c.AccessToken, "token-") || !strings.HasSuffix(c.AccessToken, "-"+strings.Repeat("x", 1000)) {
			t.Fatalf("read %d brought a piece: %q", reads, c.AccessToken)
		}
		if done && !strings.HasPrefix(c.AccessToken, fmt.Sprintf("token-%d-", versions)) {
			t.Errorf("the last read brought %.12q, not the last token", c.AccessToken)
		}
	}
}
