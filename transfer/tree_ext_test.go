package transfer_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/transfer"
)

var folder = transfer.Destination{Project: "demo", Domain: "development"}

// tree writes files, given by their relative path, and returns their directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	return dir
}

func TestATreeArrivesWithEveryPathAndByte(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		".hidden": "h", ".git/HEAD": "ref", "empty": "", "a/empty": "", "a b/c d": "spaces", "100%/?#": "marks", "é/ü": "umlauts",
		"x/a": "same base name", "y/a": "same base name, other content",
	}
	for i := range 1000 {
		files[fmt.Sprintf("n/%d/%d/%d.bin", i%7, i%3, i)] = pattern(i % 97 * 31)
	}
	dir := tree(t, files)
	if err := os.MkdirAll(filepath.Join(dir, "nothing", "in it"), 0o700); err != nil {
		t.Fatal(err)
	}
	var reports atomic.Int64
	c, store := mock(t, transfer.WithProgress(func(p transfer.Progress) {
		if p.Bytes == p.Total {
			reports.Add(1)
		}
	}))
	got, err := c.UploadDir(t.Context(), folder, dir)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, text := range files {
		total += len(text)
	}
	if got.Files != int64(len(files)) || got.Bytes != int64(total) || reports.Load() < int64(len(files)) {
		t.Errorf("%+v and %d reports, want %d files of %d bytes", got, reports.Load(), len(files), total)
	}
	if !regexp.MustCompile(`^s3://mock/uploads/demo/development/[0-9a-f]{32}$`).MatchString(got.NativeURL) {
		t.Errorf("native URL %q", got.NativeURL)
	}
	key, _ := store.Key(got.NativeURL)
	for name, text := range files {
		if data, ok := store.Get(path.Join(key, name)); !ok || string(data) != text {
			t.Errorf("%q: there %v, %d bytes, want %d", name, ok, len(data), len(text))
		}
	}
	if n := len(store.List(key + "/")); n != len(files) {
		t.Errorf("%d objects, want %d", n, len(files))
	}
}

func TestATreeGoesWhereTheDestinationSays(t *testing.T) {
	t.Parallel()
	c, store := mock(t)
	to := folder
	to.Root, to.Name = "my-root", "sub/folder"
	got, err := c.UploadDir(t.Context(), to, tree(t, map[string]string{"a/b": "x"}))
	if err != nil || !strings.HasSuffix(got.NativeURL, "/my-root/sub/folder") || stored(t, store, got.NativeURL+"/a/b") != "x" {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = c.UploadDir(t.Context(), to, tree(t, nil))
	if err != nil || got.Files != 0 || !strings.HasSuffix(got.NativeURL, "/my-root/sub/folder") {
		t.Errorf("empty: %+v, %v", got, err)
	}
	if n := len(store.List("")); n != 1 {
		t.Errorf("%d objects, want 1: an empty directory leaves none", n)
	}
	got, err = c.UploadDir(t.Context(), folder, tree(t, nil))
	if err != nil || !regexp.MustCompile(`/development/[0-9a-f]{32}$`).MatchString(got.NativeURL) {
		t.Errorf("empty, with a random root: %+v, %v", got, err)
	}
	small := tree(t, map[string]string{"a": "x"})
	first, err1 := c.UploadDir(t.Context(), folder, small)
	again, err2 := c.UploadDir(t.Context(), folder, small)
	if err1 != nil || err2 != nil || first.NativeURL == again.NativeURL {
		t.Errorf("twice: %+v, %v and %+v, %v; want two folders", first, err1, again, err2)
	}
	to.Name = "../up"
	if _, err := c.UploadDir(t.Context(), to, tree(t, nil)); !errors.Is(err, transfer.ErrEscapes) {
		t.Errorf("a name that leads out: %v", err)
	}
}

func TestSymbolicLinksOfATree(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		return // making links takes a privilege there
	}
	outside := tree(t, map[string]string{"secret": "s", "dir/x": "x"})
	for name, tc := range map[string]struct {
		target string
		is     error
	}{
		"relative, out":      {"../../../../../../../../etc/passwd", transfer.ErrEscapes},
		"absolute, out":      {filepath.Join(outside, "secret"), transfer.ErrEscapes},
		"a directory, out":   {filepath.Join(outside, "dir"), transfer.ErrEscapes},
		"nothing there, out": {"../nothing/there", transfer.ErrEscapes},
		"to another link":    {"out", transfer.ErrEscapes},
		"a directory inside": {"d", transfer.ErrNotFile},
		"the tree itself":    {".", transfer.ErrNotFile},
		"a pipe":             {"pipe", transfer.ErrNotFile},
		"nothing inside":     {"nothing", fs.ErrNotExist},
		"in a circle":        {"link", nil},
		"a file inside":      {"d/file", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tree(t, map[string]string{"d/file": "inside"})
			for link, target := range map[string]string{"link": tc.target, "out": filepath.Join(outside, "secret")} {
				if link == "out" && tc.target != "out" {
					continue
				}
				if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
					t.Fatal(err)
				}
			}
			if tc.target == "pipe" {
				makePipe(t, filepath.Join(dir, "pipe"))
			}
			c, store := mock(t)
			got, err := c.UploadDir(t.Context(), folder, dir)
			if name == "a file inside" {
				if err != nil || got.Files != 2 || stored(t, store, got.NativeURL+"/link") != "inside" {
					t.Errorf("%+v, %v", got, err)
				}
				return
			}
			if err == nil || tc.is != nil && !errors.Is(err, tc.is) || !strings.Contains(err.Error(), dir) {
				t.Errorf("%v, want %v", err, tc.is)
			}
			if named := filepath.Join(dir, "link"); name != "a pipe" && name != "to another link" && !strings.Contains(err.Error(), named) {
				t.Errorf("%v, want it to name %s", err, named)
			}
			for _, object := range store.List("") {
				if object.Size != int64(len("inside")) {
					t.Errorf("%s was uploaded", object.Key)
				}
			}
		})
	}
}

func TestTheFirstErrorEndsTheUploadOfATree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		files := map[string]string{}
		for i := range 100 {
			files[fmt.Sprintf("%03d", i)] = "x"
		}
		var n atomic.Int64
		hc := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
			n.Add(1)
			if strings.HasSuffix(r.URL.Path, "/005") {
				return answer(r, http.StatusForbidden, ""), nil
			}
			time.Sleep(time.Second)
			return answer(r, 200, ""), nil
		})}
		dir := tree(t, files)
		_, err := transfer.New(&stub{host: "https://s.example.com"}, transfer.WithHTTPClient(hc)).UploadDir(t.Context(), folder, dir)
		var e *transfer.Error
		if status.Code(err) != codes.PermissionDenied || !errors.As(err, &e) || e.Object != filepath.Join(dir, "005") || n.Load() > 12 {
			t.Errorf("%v after %d requests", err, n.Load())
		}
	})
}

func TestFilesOfATreeAreSentSideBySideWithinTheBound(t *testing.T) {
	t.Parallel()
	for _, bound := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			files := map[string]string{}
			for i := range 12 {
				files[fmt.Sprint(i)] = "x"
			}
			var now, most atomic.Int64
			hc := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
				most.Store(max(most.Load(), now.Add(1)))
				time.Sleep(time.Second)
				now.Add(-1)
				return answer(r, 200, ""), nil
			})}
			begun := time.Now()
			_, err := transfer.New(&stub{host: "https://s.example.com"}, transfer.WithHTTPClient(hc), transfer.WithConcurrency(bound)).
				UploadDir(t.Context(), folder, tree(t, files))
			if took := time.Since(begun); err != nil || most.Load() != int64(bound) || took != time.Duration(12/bound)*time.Second {
				t.Errorf("%d at once, want %d; in %v, %v", most.Load(), bound, took, err)
			}
		})
	}
}

// With one connection the next file is read for its MD5 while one is sent: it is then
// signed at once when the connection is free.
func TestTheNextFileIsReadWhileOneIsSent(t *testing.T) {
	t.Parallel()
	var err error
	for wait := 200 * time.Millisecond; wait < 20*time.Second && !errors.Is(err, transfer.ErrChanged); wait *= 3 { // a busy machine may read late
		dir := tree(t, map[string]string{"1": "first", "2": "second"})
		var once sync.Once
		hc := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
			var err error
			once.Do(func() {
				// The second file changes now. If it was read already, that is noticed.
				time.Sleep(wait)
				err = appendTo(filepath.Join(dir, "2"), "!")
			})
			return answer(r, 200, ""), err
		})}
		_, err = transfer.New(&stub{host: "https://s.example.com"}, transfer.WithHTTPClient(hc), transfer.WithConcurrency(1)).
			UploadDir(t.Context(), folder, dir)
	}
	if !errors.Is(err, transfer.ErrChanged) {
		t.Errorf("%v, want the second file to have been read before it changed", err)
	}
}

func TestWhatIsNoDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	c := transfer.New(&stub{})
	for _, name := range []string{filepath.Join(t.TempDir(), "no"), write(t, filepath.Join(t.TempDir(), "file"), "x")} {
		var e *transfer.Error
		if _, err := c.UploadDir(t.Context(), folder, name); !errors.As(err, &e) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
