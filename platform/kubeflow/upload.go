package kubeflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// MaxPackage is how many bytes a package may have: the API server's own limit.
const MaxPackage = 32 << 20

// Package is a compiled pipeline: YAML, or that in a .zip or .tar.gz.
type Package struct {
	// Name is the name of the file. The server takes a file as YAML if it ends in .yaml or
	// .yml, and the pipeline has this name if it gets no other.
	Name string
	// Content is read as it is sent, a second time if the login turns out to be rejected;
	// the package is never in memory as a whole.
	Content io.ReaderAt
	// Size is the size of the content, in bytes. A file that has another size when it has been
	// read is [ErrChanged].
	Size int64
}

// FilePackage returns a file as a package. Close the file after the upload.
func FilePackage(f *os.File) (Package, error) {
	info, err := f.Stat()
	if err != nil {
		return Package{}, err
	}
	return Package{Name: filepath.Base(f.Name()), Content: f, Size: info.Size()}, nil
}

// Upload says what becomes of a package. The zero value leaves all to the server.
type Upload struct {
	// Name identifies the pipeline, or the version within its pipeline.
	Name string
	// DisplayName is what people see; empty means Name.
	DisplayName string
	// Description may be empty.
	Description string
	// Namespace is where the pipeline goes; empty means among those of everyone. A version
	// is where its pipeline is.
	Namespace string
	// Tags may be empty; older servers ignore them.
	Tags map[string]string
	// CodeSourceURL is where the pipeline's source is; may be empty.
	CodeSourceURL string
	// Progress is called with the bytes of the package that were handed to the network, and
	// all of them; from one goroutine at a time. The count begins anew when the package has
	// to be sent a second time. It is not called after the upload has returned.
	Progress func(sent, size int64)
}

// Pipeline is a pipeline that the server has.
type Pipeline struct {
	ID          string    `json:"pipeline_id"`
	Name        string    `json:"name"` // older servers send none
	DisplayName string    `json:"display_name"`
	Description string    `json:"description"`
	Namespace   string    `json:"namespace"`
	Created     time.Time `json:"created_at"`
}

// Version is a version of a pipeline.
type Version struct {
	PipelineID  string    `json:"pipeline_id"`
	ID          string    `json:"pipeline_version_id"`
	Name        string    `json:"name"` // older servers send none
	DisplayName string    `json:"display_name"`
	Description string    `json:"description"`
	Created     time.Time `json:"created_at"`
}

// UploadPipeline creates a pipeline, with the package as its first version. A package that
// is too large, or none at all, is an error before anything is sent.
func (c *Client) UploadPipeline(ctx context.Context, p Package, as Upload) (Pipeline, error) {
	of := call{op: "upload pipeline", subject: p.Name}
	if err := p.check(); err != nil {
		return Pipeline{}, of.fail(err)
	}
	query := url.Values{"page_size": {"1"}}
	if as.Namespace != "" {
		query.Set("namespace", as.Namespace)
	}
	if err := c.get(ctx, of, "/pipelines", query, nil); isGone(ctx, err) {
		return Pipeline{}, err
	}
	params, err := as.query()
	if err != nil {
		return Pipeline{}, of.fail(err)
	}
	if as.Namespace != "" {
		params.Set("namespace", as.Namespace)
	}
	var made Pipeline
	err = c.send(ctx, of, "/pipelines/upload", params, p, as.Progress, &made)
	return made, of.withID(made.ID, err)
}

// UploadVersion adds a version to a pipeline, whose id must not be empty. Namespace does
// not count here.
func (c *Client) UploadVersion(ctx context.Context, pipelineID string, p Package, as Upload) (Version, error) {
	of := call{op: "upload version", subject: p.Name}
	if err := p.check(); err != nil {
		return Version{}, of.fail(err)
	}
	if pipelineID == "" || pipelineID == "." || pipelineID == ".." { // which would be another resource
		return Version{}, of.fail(fmt.Errorf("%w: %q is no id of a pipeline", ErrBadRequest, pipelineID))
	}
	if err := c.get(ctx, of, "/pipelines/"+url.PathEscape(pipelineID), nil, nil); isGone(ctx, err) || errors.Is(err, ErrNotFound) {
		return Version{}, err
	}
	params, err := as.query()
	if err != nil {
		return Version{}, of.fail(err)
	}
	params.Set("pipelineid", pipelineID)
	var made Version
	err = c.send(ctx, of, "/pipelines/upload_version", params, p, as.Progress, &made)
	return made, of.withID(made.ID, err)
}

// send sends a package. The request before it has made sure that the login is good: the
// server answers 400 to an upload with a token that has expired, and much would have been
// sent for nothing.
func (c *Client) send(
	ctx context.Context, of call, path string, params url.Values, p Package, progress func(sent, size int64), made any,
) error {
	r, err := c.request(ctx, http.MethodPost, path, params)
	if err != nil {
		return of.fail(err)
	}
	f := newForm(p, progress)
	defer f.end()
	f.attach(r)
	return c.do(r, of, made)
}

// query returns the parameters that both uploads have.
func (u Upload) query() (url.Values, error) {
	q := url.Values{}
	for name, value := range map[string]string{
		"name": u.Name, "display_name": u.DisplayName, "description": u.Description, "code_source_url": u.CodeSourceURL,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(u.Tags) > 0 {
		tags, err := json.Marshal(u.Tags)
		if err != nil {
			return nil, err
		}
		q.Set("tags", string(tags))
	}
	return q, nil
}

// check reports what the server would not take.
func (p Package) check() error {
	switch {
	case p.Name == "" || strings.ContainsAny(p.Name, "\r\n"):
		return fmt.Errorf("%w: the package has no name of a file", ErrBadRequest)
	case p.Content == nil || p.Size <= 0:
		return fmt.Errorf("%w: the package is empty", ErrBadRequest)
	case p.Size > MaxPackage:
		return fmt.Errorf("%w: it has %d bytes, and the server takes %d", ErrTooLarge, p.Size, MaxPackage)
	case strings.HasSuffix(p.Name, ".yaml"), strings.HasSuffix(p.Name, ".yml"):
		return nil
	}
	begins := make([]byte, min(p.Size, 4))
	if _, err := p.Content.ReadAt(begins, 0); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("the package cannot be read: %w", err)
	}
	if !bytes.Equal(begins, []byte("PK\x03\x04")) && !bytes.HasPrefix(begins, []byte{0x1f, 0x8b}) {
		return fmt.Errorf("%w: the package is neither .yaml nor .yml, and not compressed as .zip or .tar.gz", ErrBadRequest)
	}
	return nil
}
