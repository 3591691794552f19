package transfer

import (
	"context"
	"crypto/md5" //nolint:gosec // what storage hosts check uploads with, and the backend names objects by
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/jetway-go/jetway/internal/fault"
)

// Destination is where in a backend's storage an upload goes.
type Destination struct {
	// Org is the organization; empty on backends with only one.
	Org string
	// Project and Domain are required.
	Project, Domain string
	// Root is the folder. Empty means one that is named by the content's MD5, and for a
	// directory one with a random name.
	Root string
	// Name is the object's name in the folder, which may have slashes. It is required for a
	// reader with a Root. Empty means the base name of the file; a directory's files have
	// their relative paths, below Name if that is set.
	Name string
}

// Object is content in the storage.
type Object struct {
	// NativeURL names the object in the storage's own terms, as in "s3://bucket/key". It
	// grants no access.
	NativeURL string
	// Size is in bytes.
	Size int64
	// MD5 is the digest of the content.
	MD5 [md5.Size]byte
}

// UploadFile uploads a regular file. The file is read twice, first for its MD5; where
// nothing has to be encrypted Linux sends it without passing it through this program.
//
// Nothing is overwritten: if the storage has other content of that name the error is
// [ErrExists]. The same content may be uploaded again. A file that changes meanwhile is
// [ErrChanged]; what was uploaded of it, if anything, is then of no use. All errors are
// [*Error].
func (c *Client) UploadFile(ctx context.Context, to Destination, path string) (Object, error) {
	if to.Name == "" {
		to.Name = filepath.Base(path)
	}
	return c.upload(ctx, to, path, func() (*content, error) {
		return fileContent(ctx, func() (*os.File, error) { return openFile(path) })
	})
}

// Upload uploads what r has from where it is, to its end, as [Client.UploadFile] does a
// file. A reader that is an [io.ReaderAt] or at least an [io.Seeker] is read twice, or more
// where an attempt fails; of an io.ReaderAt the position is not used any more. Any other
// reader is first copied to a temporary file, unless it is small. An error of the reader ends
// the upload; one that ends earlier than at first is [ErrChanged]. For a file on disk UploadFile
// is faster.
func (c *Client) Upload(ctx context.Context, to Destination, r io.Reader) (Object, error) {
	return c.upload(ctx, to, to.Name, func() (*content, error) { return readerContent(ctx, r) })
}

// upload uploads one object, which errors call name.
func (c *Client) upload(ctx context.Context, to Destination, name string, open func() (*content, error)) (Object, error) {
	done, err := c.uploadOne(ctx, to, name, open)
	return done, failed(opUpload, fault.Foreign(name, fault.MaxForeign), err)
}

func (c *Client) uploadOne(ctx context.Context, to Destination, name string, open func() (*content, error)) (Object, error) {
	if err := to.check(); err != nil {
		return Object{}, err
	}
	what, err := open()
	if err != nil {
		return Object{}, err
	}
	defer what.close()
	s := c.storage()
	defer s.close()
	return c.put(ctx, s, to, name, what)
}

func (to Destination) check() error {
	switch {
	case to.Project == "" || to.Domain == "":
		return errors.New("the destination needs a project and a domain")
	case to.Root != "" && to.Name == "":
		return errors.New("the destination needs a name in its root: nothing would keep an object there from being overwritten")
	}
	for _, name := range []string{to.Root, to.Name} {
		if err := checkName(name); err != nil {
			return err
		}
	}
	return nil
}

// checkName returns an error for a name that the backend could clean to another one.
func checkName(name string) error {
	switch {
	case name == "" || name != "." && fs.ValidPath(name):
		return nil
	case !utf8.ValidString(name):
		return fmt.Errorf("name %q is not valid UTF-8: rename it", name)
	default:
		return fmt.Errorf(`name %q must be relative, without empty, "." and ".." segments: %w`, name, ErrEscapes)
	}
}
