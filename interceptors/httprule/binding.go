package httprule

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// all is the body of a rule that stands for the whole request.
const all = "*"

// binding is the rule of a method, read. Fields are names, because a message may have
// another descriptor than the service's file.
type binding struct {
	verb     string
	path     template
	body     string // a field, [all], or empty
	response string // a field, or empty for the whole message
	input    protoreflect.FullName
}

// bindingOf returns the rule of a method; request is what it is called with.
func (c *conn) bindingOf(method string, request protoreflect.MessageDescriptor) (*binding, error) {
	if known, ok := c.bindings.Load(method); ok {
		return known.(*binding), nil //nolint:forcetypeassert // nothing else is stored
	}
	desc, err := c.descriptor(method, request)
	rule := c.config.rules[method]
	switch {
	case err != nil && rule == nil:
		return nil, err
	case err != nil: // the rule needs the request only, which we have
	case desc.IsStreamingClient() || desc.IsStreamingServer():
		return nil, coded(codes.Unimplemented, errStream)
	case rule == nil:
		rule = ruleOf(desc)
	}
	if rule == nil {
		return nil, coded(codes.Unimplemented, errors.New(
			"the method has no google.api.http option, so it has no HTTP route; call it over gRPC, or give it a rule with WithRule"))
	}
	input := request
	if desc != nil {
		input = desc.Input()
	}
	b, err := newBinding(rule, input)
	if err != nil {
		return nil, coded(codes.Internal, fmt.Errorf("the method's google.api.http option cannot be used: %w", err))
	}
	c.bindings.Store(method, b)
	return b, nil
}

// descriptor finds the method "/package.Service/Method".
func (c *conn) descriptor(method string, request protoreflect.MessageDescriptor) (protoreflect.MethodDescriptor, error) {
	service, name, ok := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	if !ok {
		return nil, coded(codes.Internal, errors.New("the name of a method has the form /package.Service/Method"))
	}
	var found protoreflect.ServiceDescriptor
	if d, err := c.config.files.FindDescriptorByName(protoreflect.FullName(service)); err == nil {
		found, _ = d.(protoreflect.ServiceDescriptor)
	}
	if file := request.ParentFile(); found == nil && file != nil {
		for i := range file.Services().Len() {
			if s := file.Services().Get(i); string(s.FullName()) == service {
				found = s
			}
		}
	}
	if found == nil {
		return nil, coded(codes.Unimplemented, errors.New(
			"no descriptor of the service is linked into this program; import its generated package, or give WithResolver"))
	}
	m := found.Methods().ByName(protoreflect.Name(name))
	if m == nil {
		return nil, coded(codes.Unimplemented, errors.New("the descriptor of the service has no such method"))
	}
	return m, nil
}

// ruleOf returns the google.api.http option of a method, nil if it has none.
func ruleOf(m protoreflect.MethodDescriptor) *annotations.HttpRule {
	opts := m.Options()
	if opts == nil {
		return nil
	}
	if !proto.HasExtension(opts, annotations.E_Http) {
		// A descriptor that was not linked may have it as an unknown field.
		raw, err := proto.Marshal(opts)
		known := &descriptorpb.MethodOptions{}
		if err != nil || proto.Unmarshal(raw, known) != nil || !proto.HasExtension(known, annotations.E_Http) {
			return nil
		}
		opts = known
	}
	rule, _ := proto.GetExtension(opts, annotations.E_Http).(*annotations.HttpRule)
	return rule
}

func newBinding(rule *annotations.HttpRule, input protoreflect.MessageDescriptor) (*binding, error) {
	b := &binding{body: rule.GetBody(), response: rule.GetResponseBody(), input: input.FullName()}
	var path string
	switch pattern := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		b.verb, path = http.MethodGet, pattern.Get
	case *annotations.HttpRule_Put:
		b.verb, path = http.MethodPut, pattern.Put
	case *annotations.HttpRule_Post:
		b.verb, path = http.MethodPost, pattern.Post
	case *annotations.HttpRule_Delete:
		b.verb, path = http.MethodDelete, pattern.Delete
	case *annotations.HttpRule_Patch:
		b.verb, path = http.MethodPatch, pattern.Patch
	case *annotations.HttpRule_Custom:
		b.verb, path = customVerb(rule), pattern.Custom.GetPath()
	default:
		return nil, errors.New("it has no verb and path")
	}
	var err error
	if b.path, err = parse(path); err != nil {
		return nil, fmt.Errorf("path template %q: %w", path, err)
	}
	for _, s := range b.path.segments {
		if err := checkField(input, s.field); err != nil {
			return nil, fmt.Errorf("path template %q: %w", path, err)
		}
	}
	if b.body != "" && b.body != all && input.Fields().ByName(protoreflect.Name(b.body)) == nil {
		return nil, fmt.Errorf("body: %s has no field %q", input.FullName(), b.body)
	}
	return b, nil
}

// customVerb is the verb of a custom pattern; "*" there leaves the choice to the client.
func customVerb(rule *annotations.HttpRule) string {
	switch kind := rule.GetCustom().GetKind(); {
	case kind != "*":
		return kind
	case rule.GetBody() != "":
		return http.MethodPost
	default:
		return http.MethodGet
	}
}

// checkField reports what is wrong with a field that a path names; nil names none.
func checkField(m protoreflect.MessageDescriptor, path []string) error {
	for i, name := range path {
		f := m.Fields().ByName(protoreflect.Name(name))
		switch last := i == len(path)-1; {
		case f == nil:
			return fmt.Errorf("%s has no field %q", m.FullName(), name)
		case f.Cardinality() == protoreflect.Repeated:
			return fmt.Errorf("field %q is repeated", name)
		case !last && f.Message() == nil:
			return fmt.Errorf("field %q is no message", name)
		case last && f.Message() != nil && !isText(f.Message()):
			return fmt.Errorf("field %q is a message", name)
		case !last:
			m = f.Message()
		}
	}
	return nil
}
