package interceptors

import "strings"

// methodSet holds "/svc/Method" and, as "/svc/", whole services.
type methodSet map[string]struct{}

func (s methodSet) add(names ...string) {
	for _, name := range names {
		service, method, ok := splitMethod(name)
		switch {
		case !ok || strings.Contains(service, "*"): // matches nothing
		case method == "*":
			s[service] = struct{}{}
		case !strings.Contains(method, "*"):
			s[name] = struct{}{}
		}
	}
}

func (s methodSet) has(fullMethod string) bool {
	service, _, ok := splitMethod(fullMethod)
	if !ok {
		return false
	}
	if _, ok = s[fullMethod]; !ok {
		_, ok = s[service]
	}
	return ok
}

// splitMethod cuts "/svc/Method" into "/svc/" and "Method".
func splitMethod(full string) (service, method string, ok bool) {
	i := strings.LastIndexByte(full, '/')
	if i < 2 || full[0] != '/' || i == len(full)-1 || strings.Contains(full[1:i], "/") {
		return "", "", false
	}
	return full[:i+1], full[i+1:], true
}
