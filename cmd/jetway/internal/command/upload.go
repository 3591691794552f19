package command

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/transfer"
)

func newUpload(a *App) *cobra.Command {
	var to transfer.Destination
	c := &cobra.Command{
		Use:   "upload PATH|-",
		Short: "Upload a file or a directory to the backend's storage",
		Long: "Uploads a file, a directory with all that is below it, or with - standard input, and prints where\n" +
			"it is. An object with other content is never overwritten. Use the address as an input of a run.",
		Example: "  jetway upload data.csv --project demo --domain development\n  jetway upload model/ --root models\n" +
			"  date | jetway upload - --name today",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, cancel := a.patient(c)
			defer cancel()
			return a.upload(ctx, to, args[0])
		},
	}
	c.Flags().StringVar(&to.Root, "root", "", "`folder` in the storage; by default one of its own")
	c.Flags().StringVar(&to.Name, "name", "", "`name` there; by default that of the file")
	return c
}

// uploaded is what upload prints.
type uploaded struct {
	URL  string `json:"url"`
	Size int64  `json:"size"`
	// Files is how many a directory has; zero for a file.
	Files int64  `json:"files,omitempty"`
	MD5   string `json:"md5,omitempty"`
}

func (a *App) upload(ctx context.Context, to transfer.Destination, path string) error {
	isDir := false
	switch {
	case path == "-" && to.Name == "":
		return failure.Usage("standard input has no name: add --name NAME")
	case path == "-" && a.IO.InTerminal:
		return failure.Usage("pipe the content to standard input, or name a file")
	case path != "-":
		info, err := os.Stat(path)
		if err != nil {
			return failure.Exit(failure.Misuse, err, "")
		}
		if isDir = info.IsDir(); !isDir && !info.Mode().IsRegular() { // to open a pipe waits for its writer
			return failure.Exit(failure.Misuse, fmt.Errorf("%s is no regular file", path),
				"to upload what it delivers: jetway upload - --name NAME < "+path)
		}
	}
	cs, p, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer cs.Close()
	in, err := scope(p)
	if err != nil {
		return err
	}
	to.Org, to.Project, to.Domain = in.GetOrganization(), in.GetName(), in.GetDomain()
	shown := newBars(a.IO)
	out, err := a.send(ctx, transfer.New(cs.DataProxy(), transfer.WithProgress(shown.report)), to, path, isDir)
	shown.close()
	if err != nil {
		return err
	}
	if isDir {
		a.IO.Notef("%d files, %s", out.Files, bytes(out.Size))
	}
	return a.print(show.View{
		Value: out, Columns: []string{"url", "size"}, Rows: [][]string{{out.URL, bytes(out.Size)}},
	})
}

// send uploads what path names.
func (a *App) send(ctx context.Context, c *transfer.Client, to transfer.Destination, path string, isDir bool) (uploaded, error) {
	if isDir {
		tree, err := c.UploadDir(ctx, to, path)
		return uploaded{URL: tree.NativeURL, Size: tree.Bytes, Files: tree.Files}, err
	}
	var object transfer.Object
	var err error
	if path == "-" {
		object, err = c.Upload(ctx, to, a.IO.In)
	} else {
		object, err = c.UploadFile(ctx, to, path)
	}
	return uploaded{URL: object.NativeURL, Size: object.Size, MD5: base64.StdEncoding.EncodeToString(object.MD5[:])}, err
}
