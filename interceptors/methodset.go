package interceptors

import "strings"

// methodSet holds methods, "/svc/Method", and whole services, as "/svc/". Every call is
// looked up, and hardly one is in it: so services, of which there are a few, are compared
// one by one, which takes less time than to hash the name.
type methodSet struct {
	services []string
	methods  map[string]struct{}
}

func (s *methodSet) add(names ...string) {
	for _, name := range names {
		service, method, ok := splitMethod(name)
		switch {
		case !ok || strings.Contains(service, "*"): // matches nothing
		case method == "*":
			s.services = append(s.services, service)
		case !strings.Contains(method, "*"):
			if s.methods == nil {
				s.methods = map[string]struct{}{}
			}
			s.methods[name] = struct{}{}
		}
	}
}

func (s *methodSet) has(fullMethod string) bool {
	for _, service := range s.services {
		if method, ok := strings.CutPrefix(fullMethod, service); ok && method != "" && !strings.Contains(method, "/") {
			return true
		}
	}
	if len(s.methods) == 0 {
		return false
	}
	_, ok := s.methods[fullMethod]
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
