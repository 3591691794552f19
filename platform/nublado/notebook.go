package nublado

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/jetway-go/jetway/internal/fault"
)

// Notebook is a notebook to run in a lab.
type Notebook struct {
	// Content is the text of the .ipynb file; required.
	Content string
	// Kernel is the name of the kernel that runs it; empty means that of the notebook.
	Kernel string
	// ClearLocalSitePackages deletes the user's own Python packages before.
	ClearLocalSitePackages bool
}

// NotebookResult is what became of a notebook.
type NotebookResult struct {
	// Notebook is the text of the .ipynb file with the output of its cells.
	Notebook string
	// Resources are what the converter reports, by name.
	Resources map[string]json.RawMessage
	// Error is the exception that ended the run; nil if every cell was run.
	Error *NotebookError
}

// NotebookError is an exception of a notebook. Its texts come from the notebook, without
// the escape sequences that color them.
type NotebookError struct {
	// Name is the name of the exception, such as ZeroDivisionError.
	Name string
	// Value is what it says.
	Value string
	// Message is the message of the converter, with the cell.
	Message string
	// Traceback has the lines of the program.
	Traceback []string
}

// Error returns name and value of the exception.
func (e *NotebookError) Error() string { return "the notebook failed: " + e.Name + ": " + e.Value }

// RunNotebook runs a whole notebook in the lab and returns it with its output. An exception
// in it is no error of this call: see [NotebookResult.Error]. The lab answers when the run
// has ended, so give ctx the time that this may take.
func (c *Client) RunNotebook(ctx context.Context, n Notebook) (*NotebookResult, error) {
	r := request{op: "run the notebook", method: http.MethodPost, lab: true, body: []byte(n.Content), header: http.Header{}}
	switch {
	case strings.TrimSpace(n.Content) == "":
		return nil, c.fail(nil, r, ErrInvalid, errors.New("the notebook is empty"))
	case !fault.Visible(n.Kernel):
		return nil, c.fail(nil, r, ErrInvalid, errors.New("the name of the kernel has a control character in it"))
	}
	v, err := c.inLab(ctx, r.op)
	if err != nil {
		return nil, err
	}
	query := url.Values{}
	if n.Kernel != "" {
		query.Set("kernel_name", n.Kernel)
		r.header.Set("X-Kernel-Name", n.Kernel) // for labs that do not read the query
	}
	if n.ClearLocalSitePackages {
		query.Set("clear_local_site_packages", "true")
	}
	r.url = c.where.lab(v, "rubin", "execution")
	r.url.RawQuery = query.Encode()
	body, err := c.call(ctx, v, v.stream, r, c.maxNotebook)
	if err != nil {
		return nil, err
	}
	result, ok := readNotebook(body)
	if !ok {
		return nil, c.fail(v, r, ErrAnswer, errors.New("it is not the result of a notebook"))
	}
	return result, nil
}

func readNotebook(body []byte) (*NotebookResult, bool) {
	var answer struct {
		Notebook  *string                    `json:"notebook"`
		Resources map[string]json.RawMessage `json:"resources"`
		Error     *struct {
			Name      string          `json:"ename"`
			Value     string          `json:"evalue"`
			Message   string          `json:"err_msg"`
			Traceback json.RawMessage `json:"traceback"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Notebook == nil {
		return nil, false
	}
	result := &NotebookResult{Notebook: *answer.Notebook, Resources: answer.Resources}
	if e := answer.Error; e != nil {
		result.Error = &NotebookError{plain(e.Name), plain(e.Value), plain(e.Message), lines(e.Traceback)}
	}
	return result, true
}

// lines reads a traceback, which is a text or a list of them.
func lines(raw json.RawMessage) []string {
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		var text string
		if json.Unmarshal(raw, &text) != nil || text == "" {
			return nil
		}
		list = strings.Split(text, "\n")
	}
	for i, line := range list {
		list[i] = plain(line)
	}
	return list
}

var escapes = sync.OnceValue(func() *regexp.Regexp { //nolint:gochecknoglobals // a constant, in effect
	return regexp.MustCompile("\x1b\\[[0-9;?]*[\\x20-\\x2f]*[\\x40-\\x7e]")
})

// plain returns text without the escape sequences of a terminal.
func plain(text string) string {
	return strings.ReplaceAll(escapes().ReplaceAllString(text, ""), "\x1b", "")
}
