package wallaroo

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/jetway-go/jetway/auth"
)

// displayed shows addresses that browsers can reach in place of those that only
// programs inside of the cluster can.
type displayed struct {
	auth.Prompter

	from, to string
}

// Prompt shows the rewritten addresses.
func (d displayed) Prompt(ctx context.Context, p auth.Prompt) error {
	p.URL = strings.Replace(p.URL, d.from, d.to, 1)
	p.CompleteURL = strings.Replace(p.CompleteURL, d.from, d.to, 1)
	return d.Prompter.Prompt(ctx, p)
}

// Printer is a Prompter that writes what Wallaroo's SDK prints. Give it standard
// error, never a program's output.
func Printer(w io.Writer) auth.Prompter { return &printer{w: w} }

type printer struct {
	mu sync.Mutex
	w  io.Writer
}

// Prompt writes the address.
func (p *printer) Prompt(_ context.Context, shown auth.Prompt) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := ""
	if shown.CompleteURL == "" && shown.Code != "" {
		code = "\n\nand enter the code " + shown.Code
	}
	_, err := fmt.Fprintf(p.w, "Please log into the following URL in a web browser:\n\n\t%s%s\n", cmp.Or(shown.CompleteURL, shown.URL), code)
	return err
}
