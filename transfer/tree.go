package transfer

import (
	"context"
	"crypto/md5" //nolint:gosec // what storage hosts check uploads with, and the backend names objects by
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/jetway-go/jetway/internal/fault"
)

// Tree is a directory in the storage.
type Tree struct {
	// NativeURL names the folder in the storage's own terms, as in "s3://bucket/folder". An
	// object's URL is this one, a slash, and the file's relative path, in which the backend
	// may have escaped characters.
	NativeURL string
	// Files is how many files there are, and Bytes their size together.
	Files, Bytes int64
}

// UploadDir uploads the regular files of a directory and of all directories in it, hidden
// ones too, and keeps their relative paths. Several are under way at once; while some are
// sent the next are read for their MD5. The first error ends the upload; what was uploaded
// until then stays.
//
// A symbolic link to a file of the tree is uploaded as that file. One that leads out of the
// tree is [ErrEscapes]; one to a directory, and what is neither file nor directory, is
// [ErrNotFile]: the upload would not be what the directory is. Storage has no directories:
// an empty one inside the tree leaves nothing, and if the whole tree is empty nothing is
// uploaded, but NativeURL is still where it would be.
//
// The error names the file by its relative path. See [Client.UploadFile] for its sentinels.
func (c *Client) UploadDir(ctx context.Context, to Destination, dir string) (Tree, error) {
	done, err := c.uploadDir(ctx, to, dir)
	return done, failed(opUpload, fault.Foreign(dir, fault.MaxForeign), err)
}

func (c *Client) uploadDir(ctx context.Context, to Destination, dir string) (Tree, error) {
	if to.Root == "" {
		var random [16]byte
		_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the program instead
		to.Root = hex.EncodeToString(random[:])
	}
	named := to
	named.Name = path.Join(to.Name, "file")
	if err := errors.Join(checkName(to.Name), named.check()); err != nil {
		return Tree{}, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Tree{}, err
	}
	defer root.Close()
	s := c.storage()
	defer s.close()
	u := &treeUpload{c: c, s: s, to: to, root: root, names: make(chan string), hashed: make(chan hashedFile)}
	if err := u.run(ctx); err != nil {
		return Tree{}, err
	}
	if u.done.Files == 0 {
		return c.emptyTree(ctx, to)
	}
	return u.done, nil
}

// emptyTree returns where a tree without files would be.
func (c *Client) emptyTree(ctx context.Context, to Destination) (Tree, error) {
	at, err := c.signUpload(ctx, to, &content{md5: md5.Sum(nil)}) //nolint:gosec // see the import
	if err != nil {
		return Tree{}, err
	}
	return Tree{NativeURL: strings.TrimRight(at.native, "/")}, nil
}

// treeUpload is the upload of one directory: the names of its files go to hashers, and what
// these have read to senders.
type treeUpload struct {
	c      *Client
	s      *storage
	to     Destination
	root   *os.Root
	names  chan string
	hashed chan hashedFile

	mu   sync.Mutex
	done Tree
}

type hashedFile struct {
	name string
	*content
}

func (u *treeUpload) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(u.names)
		return walk(u.root, func(name string) error {
			select {
			case u.names <- name:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
	})
	var hashers sync.WaitGroup
	for range min(u.c.cfg.concurrency, runtime.GOMAXPROCS(0)) {
		hashers.Add(1)
		g.Go(func() error {
			defer hashers.Done()
			return u.hash(ctx)
		})
	}
	g.Go(func() error {
		hashers.Wait()
		close(u.hashed)
		return nil
	})
	for range u.c.cfg.concurrency {
		g.Go(func() error { return u.send(ctx) })
	}
	return g.Wait()
}

// hash reads one file after the other, and hands it to the first sender that has time.
func (u *treeUpload) hash(ctx context.Context) error {
	for name := range u.names {
		what, err := fileContent(ctx, func() (*os.File, error) { return openInside(u.root, name) })
		if err != nil {
			return u.failed(name, err)
		}
		select {
		case u.hashed <- hashedFile{name, what}:
		case <-ctx.Done():
			what.close()
			return context.Cause(ctx)
		}
	}
	return nil
}

func (u *treeUpload) send(ctx context.Context) error {
	for file := range u.hashed {
		to := u.to
		to.Name = path.Join(u.to.Name, file.name)
		err := to.check()
		var sent Object
		if err == nil {
			sent, err = u.c.put(ctx, u.s, to, file.name, file.content)
		}
		file.close()
		if err == nil {
			err = u.add(file.name, sent)
		}
		if err != nil {
			return u.failed(file.name, err)
		}
	}
	return nil
}

// add counts a file that was sent, and learns from the first where the tree is.
func (u *treeUpload) add(name string, sent Object) error {
	folder := sent.NativeURL
	for range strings.Count(name, "/") + 1 { // segments, which the backend may have escaped
		folder = folder[:max(strings.LastIndexByte(folder, '/'), 0)]
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if folder == "" || u.done.Files > 0 && folder != u.done.NativeURL {
		return fmt.Errorf("the backend put it at %q, which is not in one folder with the other files",
			fault.Foreign(sent.NativeURL, fault.MaxForeign))
	}
	u.done.NativeURL = folder
	u.done.Files++
	u.done.Bytes += sent.Size
	return nil
}

func (u *treeUpload) failed(name string, err error) error {
	return failed(opUpload, fault.Foreign(filepath.Join(u.root.Name(), filepath.FromSlash(name)), fault.MaxForeign), err)
}
