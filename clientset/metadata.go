package clientset

import (
	"fmt"
	"strings"

	"google.golang.org/grpc/metadata"
)

// checkMetadata refuses what gRPC would refuse at every call, with an error that does
// not name the option. It shows no values: they may be secret.
func checkMetadata(md metadata.MD) error {
	for key, values := range md {
		key = strings.ToLower(key)
		if key == "" || strings.ContainsFunc(key, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r)
		}) {
			return fmt.Errorf("WithRequestMetadata: %q cannot be a key of metadata", key)
		}
		if strings.HasSuffix(key, "-bin") {
			continue // any bytes
		}
		for _, v := range values {
			if !printable(v) {
				return fmt.Errorf("WithRequestMetadata: a value of %s is not printable ASCII; keys that end in -bin take any bytes", key)
			}
		}
	}
	return nil
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}
