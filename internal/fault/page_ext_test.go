package fault_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/internal/fault"
)

func TestShortPageQuotesTheBeginningOnly(t *testing.T) {
	t.Parallel()
	const head = `code = Unknown desc = received unexpected content-type "text/html"`
	long := "<html>\"\n" + strings.Repeat("é", 500)
	for name, tt := range map[string]struct{ text, want string }{
		"a long page":   {fmt.Sprintf("(%s\ndata: %q); what next", head, long), fmt.Sprintf("(%s\ndata: %q); what next", head, "<html>\"\n"+strings.Repeat("é", 46)+"...")},
		"a short page":  {head + "\ndata: \"<html>\"", head + "\ndata: \"<html>\""},
		"no page":       {"broken\ndata: \"" + strings.Repeat("x", 500) + `"`, "broken\ndata: \"" + strings.Repeat("x", 500) + `"`},
		"no quotation":  {head + "\ndata: <html>", head + "\ndata: <html>"},
		"nothing of it": {head, head},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fault.ShortPage(tt.text); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}
