package command

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/cmd/jetway/internal/connect"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/transfer"
)

// downloadFlags say what to download.
type downloadFlags struct {
	action  string
	attempt uint32
}

func newDownload(a *App) *cobra.Command {
	var f downloadFlags
	c := &cobra.Command{
		Use:   "download RUN|@LINK [FILE]",
		Short: "Download the report of a run, or what a signed link leads to",
		Long: "Downloads the report of a run's action, or the object of a signed link. A link is a secret: it is\n" +
			"read from a file, @FILE, or from standard input, @-. The content goes to FILE, which is complete or\n" +
			"is not there, and to standard output with -. Without FILE it is report.html, or the name in the\n" +
			"link, unless there is such a file.",
		Example: "  jetway download rx5vmm2qbd report.html\n  jetway download @link.txt data.csv\n  jetway download rx5vmm2qbd - | less",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, cancel := a.patient(c)
			defer cancel()
			to := ""
			if len(args) > 1 {
				to = args[1]
			}
			return a.download(ctx, args[0], to, f)
		},
	}
	c.Flags().StringVar(&f.action, "action", rootAction, "`name` of the action")
	c.Flags().Uint32Var(&f.attempt, "attempt", 1, "`number` of the attempt")
	return c
}

// downloaded is what download prints.
type downloaded struct {
	File     string `json:"file"`
	Size     int64  `json:"size"`
	Verified string `json:"verified,omitempty"`
}

func (a *App) download(ctx context.Context, what, to string, f downloadFlags) error {
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		return failure.Usage("%s is a directory: name the file", to)
	}
	cs, p, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer cs.Close()
	shown := newBars(a.IO)
	c := transfer.New(cs.DataProxy(), transfer.WithProgress(shown.report))
	from, name, err := a.source(c, p, what, f)
	if err != nil {
		return err
	}
	switch {
	case to == "-":
		_, err := c.Download(ctx, from, a.body())
		shown.close()
		return unsigned(from, err)
	case to == "":
		if _, err := os.Lstat(name); err == nil {
			err := fmt.Errorf("there is a file %s already, and no other name was given", name)
			return failure.Exit(failure.Conflict, err, "name the file: jetway download … FILE")
		}
		to = name
	}
	got, err := c.DownloadFile(ctx, from, to)
	shown.close()
	if err != nil {
		return unsigned(from, err)
	}
	return a.print(show.View{
		Value: downloaded{to, got.Size, got.Verified}, Columns: []string{"file", "size"}, Rows: [][]string{{to, bytes(got.Size)}},
	})
}

// source returns what the argument names, and the name that its file has by default.
func (a *App) source(c *transfer.Client, p *connect.Plan, what string, f downloadFlags) (transfer.Source, string, error) {
	if file, ok := strings.CutPrefix(what, "@"); ok {
		link, err := a.link(file)
		return link, nameOf(link), err
	}
	id, err := runID(p, what)
	if err != nil {
		return nil, "", err
	}
	return c.Source(&dataproxypb.CreateDownloadLinkRequest{
		ArtifactType: dataproxypb.ArtifactType_ARTIFACT_TYPE_REPORT,
		Source: &dataproxypb.CreateDownloadLinkRequest_ActionAttemptId{ActionAttemptId: &commonpb.ActionAttemptIdentifier{
			ActionId: &commonpb.ActionIdentifier{Run: id, Name: f.action}, Attempt: f.attempt,
		}},
	}), "report.html", nil
}

// body returns where the content of a backend goes: as it is to a file or a program, and
// without control characters to a terminal.
func (a *App) body() io.Writer {
	if a.IO.OutTerminal {
		return show.Writer(a.IO.Out)
	}
	return a.IO.Out
}

// link reads a signed link from a file, or from standard input.
func (a *App) link(file string) (transfer.Link, error) {
	if file == "-" {
		if a.IO.InTerminal {
			return transfer.Link{}, failure.Usage("pipe the link to standard input, or write it to a file and pass @FILE")
		}
		text, err := a.readSecret("link")
		if err != nil {
			return transfer.Link{}, err
		}
		return linkOf(text)
	}
	in, err := a.input("@" + file)
	if err != nil {
		return transfer.Link{}, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxSecret))
	if err != nil {
		return transfer.Link{}, failure.Exit(failure.Misuse, err, "")
	}
	return linkOf(strings.TrimSpace(string(text)))
}

// linkOf checks a link; the error does not repeat it.
func linkOf(text string) (transfer.Link, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return transfer.Link{}, failure.Usage("that is no link: want one line with a URL that begins with https:// or http://")
	}
	return transfer.Link{URL: text}, nil
}

// unsigned adds to the error of a link that its host refuses what may be the reason.
func unsigned(from transfer.Source, err error) error {
	if _, ok := from.(transfer.Link); ok && failure.Of(err).Exit == failure.Permission {
		return failure.Hint(err, "signed links end after a while: get another one")
	}
	return err
}

// maxName is how long a name of a file may be, in bytes: file systems take 255, and the
// file has a longer name as long as it is not complete.
const maxName = 200

// nameOf returns the name of a file for the object of a link: the last segment of its
// path, without anything that leads elsewhere, hides the file, or means something else to
// some system than a name.
func nameOf(l transfer.Link) string {
	const other = "download"
	u, err := url.Parse(l.URL)
	if err != nil {
		return other
	}
	path := strings.TrimRight(u.Path, "/\\")
	name := path[strings.LastIndexAny(path, "/\\")+1:]
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.In(r, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar ||
			strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[len(name)-maxName:], "") // with the extension
	}
	name = strings.TrimLeft(name, ".- ") // hidden, above, or a flag
	name = strings.TrimRight(name, ". ") // Windows cuts them off
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	if name == "" || slices.Contains(devices(), strings.TrimSpace(stem)) {
		return other
	}
	return name
}

// devices are the names that Windows has no files of.
func devices() []string {
	out := []string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
	for _, n := range "0123456789¹²³" {
		out = append(out, "COM"+string(n), "LPT"+string(n))
	}
	return out
}
