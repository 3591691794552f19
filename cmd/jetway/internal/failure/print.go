package failure

import (
	"encoding/json"
	"fmt"

	"github.com/jetway-go/jetway/cmd/jetway/internal/stdio"
)

// Print writes f to the person: lines of text, or with asJSON one line with an object
// {"error": {…}}. A command that the person has ended says nothing: they know.
func (f Failure) Print(s *stdio.Streams, asJSON bool) {
	if asJSON {
		text, err := json.Marshal(map[string]Failure{"error": f})
		if err == nil {
			fmt.Fprintf(s.Err, "%s\n", text)
		}
		return
	}
	if f.Exit == Interrupted && f.known {
		return
	}
	fmt.Fprintf(s.Err, "%s %s\n", s.Paint(stdio.Red, "error:"), f.Message)
	if f.Hint != "" {
		fmt.Fprintf(s.Err, "%s %s\n", s.Paint(stdio.Blue, "hint:"), f.Hint)
	}
}
