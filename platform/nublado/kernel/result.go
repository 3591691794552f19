package kernel

import (
	"encoding/json"
	"strings"
)

// Result is what a run has put out. Of a Run that returns an error it holds what had
// arrived until then.
type Result struct {
	// Stdout and Stderr are what the code has printed.
	Stdout, Stderr string
	// Value is the value of the code's last expression; nil if it has none.
	Value Bundle
	// Displays is what the code has displayed, such as plots, in order. If the kernel is
	// set to show the value of every expression, all but the last are among them.
	Displays []Display
	// Expressions are the values of [WithExpressions].
	Expressions map[string]Expression
	// ExecutionCount is the kernel's number of the run; zero if it gave none.
	ExecutionCount int
	// Complete reports whether this is all of the output: the kernel has said that the run
	// is over, and the server has dropped nothing. It is true for code that raised an
	// exception, too.
	Complete bool
}

// Text returns the text/plain form of Value: what Python's repr returns.
func (r Result) Text() string { return r.Value.Text("text/plain") }

// Bundle is a value in several forms: JSON by MIME type. Binary forms such as image/png are
// base64 in a JSON string.
type Bundle map[string]json.RawMessage

// Text returns the form of a MIME type that is text, or base64; empty if there is none.
func (b Bundle) Text(mime string) string {
	var text lines
	if raw, ok := b[mime]; !ok || json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return strings.Join(text, "")
}

// Display is something that the code has displayed.
type Display struct {
	// Data is what is displayed.
	Data Bundle
	// Metadata says how, by MIME type: the width of an image, for instance.
	Metadata Bundle
	// ID is set if the code may replace the display later.
	ID string
	// Update reports whether this replaces the data of the displays with the same ID.
	Update bool
}

// Stream is one of the two that code prints to.
type Stream string

// The streams.
const (
	Stdout Stream = "stdout"
	Stderr Stream = "stderr"
)

// Output is one piece of output, as it arrives: printed text, a display, or a value.
type Output struct {
	// Stream and Text are those of a print; Stream is empty for the others.
	Stream Stream
	Text   string
	// Display is set for a display.
	Display *Display
	// Value is set for the value of an expression.
	Value Bundle
}

// Expression is the value of an expression, or the exception that it raised.
type Expression struct {
	Value     Bundle
	Exception *Exception // nil if there is a value
}

// Exception is what the code has raised.
type Exception struct {
	// Name is the name of its class: ZeroDivisionError, KeyboardInterrupt after an interrupt.
	Name string
	// Value is its message; may be empty.
	Value string
	// Traceback is the traceback for people, of several lines, without colours.
	Traceback string
}

// lines is a list of strings in JSON; a string alone is a list of one.
type lines []string

func (l *lines) UnmarshalJSON(raw []byte) error {
	var one string
	if err := json.Unmarshal(raw, &one); err == nil {
		*l = lines{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(l))
}

// add adds output to the result, and text to what has been printed.
func add(r *Result, o Output, printed map[Stream]*strings.Builder) {
	switch {
	case o.Stream != "":
		_, _ = printed[o.Stream].WriteString(o.Text) // never fails
	case o.Display != nil:
		r.Displays = append(r.Displays, *o.Display)
	default:
		if r.Value != nil {
			r.Displays = append(r.Displays, Display{Data: r.Value})
		}
		r.Value = o.Value
	}
}
