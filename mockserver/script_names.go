package mockserver

import (
	"fmt"
	"slices"

	"github.com/jetway-go/jetway/mockserver/internal/methods"
)

// pattern returns the pattern for a method that a program names. It panics if the
// server has no such method: a fault that no call can meet would go unnoticed.
func (c *Script) pattern(method string) string {
	p := methods.Normal(method)
	if err := c.server.unknown(p); err != nil {
		panic(err) //nolint:forbidigo // the methods that take names return no error: a wrong name is a mistake in the test
	}
	return p
}

// CheckMethod returns an error, which names the nearest method, if the server has no method
// that name matches: the methods of Script that return no error would panic.
func (c *Script) CheckMethod(name string) error { return c.server.unknown(methods.Normal(name)) }

// unknown returns an error, with the nearest name, for a pattern that no method matches.
func (s *Server) unknown(pattern string) error {
	if near := methods.Nearest(pattern, s.methods()); near != pattern {
		return &Error{Op: "script", Err: fmt.Errorf("the server has no method %q; did you mean %q?", pattern, near)}
	}
	return nil
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

// matches reports whether a pattern of [Script] covers a full method name.
func matches(pattern, method string) bool {
	if pattern == methods.Any {
		return !isOpen(method)
	}
	return methods.Match(pattern, method)
}
