package mockserver

import (
	"fmt"
	"slices"
	"strings"
)

// pattern returns the pattern for a method that a program names. It panics if the
// server has no such method: a fault that no call can meet would go unnoticed.
func (c *Script) pattern(method string) string {
	p := normal(method)
	if err := c.server.unknown(p); err != nil {
		panic(err) //nolint:forbidigo // the methods that take names return no error: a wrong name is a mistake in the test
	}
	return p
}

// CheckMethod returns an error, which names the nearest method, if the server has no method
// that name matches: the methods of Script that return no error would panic.
func (c *Script) CheckMethod(name string) error { return c.server.unknown(normal(name)) }

// unknown returns an error, with the nearest name, for a pattern that no method matches.
func (s *Server) unknown(pattern string) error {
	if pattern == "*" {
		return nil
	}
	names := s.methods()
	if strings.HasSuffix(pattern, "*") {
		for i, name := range names {
			names[i] = name[:strings.LastIndexByte(name, '/')+1] + "*"
		}
	}
	if slices.Contains(names, pattern) {
		return nil
	}
	near := slices.MinFunc(names, func(a, b string) int { return unlike(pattern, a) - unlike(pattern, b) })
	return &Error{Op: "script", Err: fmt.Errorf("the server has no method %q; did you mean %q?", pattern, near)}
}

// methods returns the full names of all methods, sorted.
func (s *Server) methods() []string {
	var names []string
	for service, info := range s.grpc.GetServiceInfo() {
		if s.own[service] { // no fault hits it
			continue
		}
		for _, m := range info.Methods {
			names = append(names, "/"+service+"/"+m.Name)
		}
	}
	slices.Sort(names)
	return names
}

// unlike returns how far a name is from what was written: 0 if it only lacks the
// package, otherwise the number of letters to change, add and remove; a method without its
// service is compared with methods only.
func unlike(written, name string) int {
	if strings.HasSuffix(name, "."+strings.TrimPrefix(written, "/")) {
		return 0
	}
	if strings.LastIndexByte(written, '/') == 0 { // the method alone
		name = name[strings.LastIndexByte(name, '/'):]
	}
	row := make([]int, len(name)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(written) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(name) {
			changed := diagonal
			if written[i] != name[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(name)]
}

// normal gives a method name its leading slash; no name means all.
func normal(method string) string {
	switch {
	case method == "" || method == "*":
		return "*"
	case strings.HasPrefix(method, "/"):
		return method
	default:
		return "/" + method
	}
}

// matches reports whether a pattern of [Script] covers a full method name.
func matches(pattern, method string) bool {
	if pattern == "*" {
		return !isOpen(method)
	}
	if service, all := strings.CutSuffix(pattern, "*"); all {
		return strings.HasPrefix(method, service)
	}
	return pattern == method
}
