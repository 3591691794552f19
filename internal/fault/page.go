package fault

import (
	"strconv"
	"strings"
)

// maxPage is how many bytes of a page an error quotes: enough to recognize it.
const maxPage = 100

// IsPage reports whether text is that of the status which gRPC's transport makes of an
// HTML page that came instead of a response.
func IsPage(text string) bool { return strings.Contains(text, `content-type "text/html`) }

// ShortPage returns text with the first 100 bytes of the page that gRPC's transport
// quotes in it, of which it takes 1 KiB.
func ShortPage(text string) string {
	const before = "\ndata: "
	head, tail, found := strings.Cut(text, before)
	if !found || !IsPage(head) {
		return text
	}
	quoted, err := strconv.QuotedPrefix(tail)
	if err != nil {
		return text
	}
	page, err := strconv.Unquote(quoted)
	if err != nil || len(page) <= maxPage {
		return text
	}
	return head + before + strconv.Quote(strings.ToValidUTF8(page[:maxPage], "")+"...") + tail[len(quoted):]
}
