package failure

import (
	"regexp"
	"strings"
)

// plain is the text of an error without what is for programmers: what gRPC writes in front
// of a server's message, and the library's options, which are flags here or are left out.
func plain(text string) string {
	text = strings.TrimPrefix(rpcError().ReplaceAllString(text, "$1: "), "clientset: ")
	text = strings.ReplaceAll(text, " (AuthStyle)", "")
	if !strings.Contains(text, "With") {
		return text
	}
	text = strings.NewReplacer(
		"WithCAFile", "--ca-file", "WithInsecure", "--insecure", "WithUser ", "--user ", "WithProfile", "--profile",
	).Replace(text)
	option := regexp.MustCompile(`\bWith[A-Z][A-Za-z]+`)
	var kept []string
	for part := range strings.SplitSeq(text, "; ") {
		if at := option.FindStringIndex(part); at != nil {
			part = strings.TrimSpace(part[:at[0]])
			whole := strings.HasSuffix(part, ":") || strings.HasSuffix(part, ", or")
			if part = strings.TrimSuffix(strings.TrimRight(part, ":"), ", or"); !whole || part == "" {
				continue // half a sentence
			}
		}
		kept = append(kept, part)
	}
	if len(kept) == 0 {
		return text
	}
	return strings.Join(kept, "; ")
}

// rpcError is what gRPC writes in front of a server's message.
func rpcError() *regexp.Regexp { return regexp.MustCompile(`rpc error: code = (\w+) desc = `) }
