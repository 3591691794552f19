package failure

import (
	"regexp"
	"strings"
)

// Plain is the text of an error without what is for programmers: what gRPC writes in front
// of a server's message, the package of the library that has found it, and the library's options,
// which are flags here or are left out.
func Plain(text string) string {
	text = rpcError().ReplaceAllString(text, "$1: ")
	text = ownPackage().ReplaceAllString(text, "")
	text = strings.NewReplacer(
		" (AuthStyle)", "", ", name one in FileStore.Dir", "", ", name one in LockDir", "",
		"(HTTPS_PROXY, WithProxyURL)", "(HTTPS_PROXY)", ", or see WithProxyFlow", "", " (FileTrust.Record)", "",
	).Replace(text)
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

// ownPackage is what the library's packages write in front of their errors. Those that a person
// knows as a system, such as flyte, are not among them.
func ownPackage() *regexp.Regexp {
	return regexp.MustCompile(`^(clientset|follow|interceptors|mockserver|transfer|values): `)
}

// rpcError is what gRPC writes in front of a server's message.
func rpcError() *regexp.Regexp { return regexp.MustCompile(`rpc error: code = (\w+) desc = `) }
