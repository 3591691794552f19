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

// displayed replaces addresses that only programs in the cluster can reach by those that
// browsers can reach.
type displayed struct {
	auth.Prompter

	from, to string
}

// Prompt passes the prompt on with the addresses replaced.
func (d displayed) Prompt(ctx context.Context, p auth.Prompt) error {
	p.URL = strings.Replace(p.URL, d.from, d.to, 1)
	p.CompleteURL = strings.Replace(p.CompleteURL, d.from, d.to, 1)
	return d.Prompter.Prompt(ctx, p)
}

// Printer returns a Prompter that writes to w the text that Wallaroo's SDK prints. Give
// it standard error, since standard output belongs to the program's results.
func Printer(w io.Writer) auth.Prompter { return &printer{w: w} }

type printer struct {
	mu sync.Mutex
	w  io.Writer
}

// Prompt writes the address, and the code where the address does not contain it.
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
