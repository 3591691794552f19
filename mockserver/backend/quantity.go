package backend

import "regexp"

// isQuantity reports whether Kubernetes parses text as a quantity.
func isQuantity(text string) bool {
	const expr = `^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$`
	matched, err := regexp.MatchString(expr, text)
	return err == nil && matched
}
