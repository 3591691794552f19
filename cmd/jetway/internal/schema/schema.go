// Package schema finds the descriptor of a gRPC method by its name: among the protos that
// the program links, or by the server's reflection service.
//
// Call [Find]; [Complete] lists names for a shell.
package schema

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
)

// Types finds the types of a method's messages, those in an Any too.
type Types interface {
	protoregistry.ExtensionTypeResolver
	protoregistry.MessageTypeResolver
}

// Split returns the service and the method of package.Service/Method, with or without a
// leading slash, or with a dot in front of the method.
func Split(text string) (service, method string, ok bool) {
	text = strings.TrimPrefix(text, "/")
	service, method, ok = strings.Cut(text, "/")
	if !ok {
		if at := strings.LastIndexByte(text, '.'); at >= 0 {
			service, method = text[:at], text[at+1:]
		}
	}
	return service, method, protoreflect.FullName(service).IsValid() && protoreflect.Name(method).IsValid()
}

// Find returns the method, and the types of its messages. The protos that the program
// links come first; for a service or a method that they do not have, the server is asked.
// The error of a name that neither side knows has the code NotFound.
func Find(ctx context.Context, cc grpc.ClientConnInterface, service, method string) (protoreflect.MethodDescriptor, Types, error) {
	linked, unknown := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if unknown == nil {
		if m, err := methodOf(linked, service, method); err == nil {
			return m, protoregistry.GlobalTypes, nil
		}
	}
	if d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service + "." + method)); err == nil && unknown != nil {
		if s, ok := d.(protoreflect.ServiceDescriptor); ok {
			return nil, nil, status.Errorf(codes.NotFound, "%s is a service, and no method; it has %s", s.FullName(), methods(s))
		}
	}
	files, err := reflected(ctx, cc, service)
	switch code := status.Code(err); {
	case unknown == nil && (code == codes.NotFound || code == codes.Unimplemented):
		_, err := methodOf(linked, service, method)
		return nil, nil, err
	case code == codes.NotFound:
		return nil, nil, status.Errorf(codes.NotFound, "the server has no service %s", service)
	case code == codes.Unimplemented:
		return nil, nil, status.Errorf(codes.NotFound,
			"service %s is none of Flyte's, and the server describes none: it has no reflection", service)
	case err != nil:
		return nil, nil, err
	}
	d, err := files.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		return nil, nil, status.Errorf(codes.NotFound, "the server has no service %s", service)
	}
	m, err := methodOf(d, service, method)
	if err != nil {
		return nil, nil, err
	}
	return m, both{dynamicpb.NewTypes(files)}, nil
}

// both are the types that the server describes, and then those that the program links:
// messages in an Any may be of either.
type both struct{ *dynamicpb.Types }

func (b both) FindMessageByName(name protoreflect.FullName) (protoreflect.MessageType, error) {
	if t, err := b.Types.FindMessageByName(name); err == nil {
		return t, nil
	}
	return protoregistry.GlobalTypes.FindMessageByName(name)
}

func (b both) FindMessageByURL(url string) (protoreflect.MessageType, error) {
	if t, err := b.Types.FindMessageByURL(url); err == nil {
		return t, nil
	}
	return protoregistry.GlobalTypes.FindMessageByURL(url)
}

func methodOf(d protoreflect.Descriptor, service, method string) (protoreflect.MethodDescriptor, error) {
	s, ok := d.(protoreflect.ServiceDescriptor)
	if !ok {
		return nil, status.Errorf(codes.NotFound, "%s is no service", service)
	}
	if m := s.Methods().ByName(protoreflect.Name(method)); m != nil {
		return m, nil
	}
	return nil, status.Errorf(codes.NotFound, "service %s has no method %s; it has %s", service, method, methods(s))
}

// methods names the methods of a service, for people.
func methods(s protoreflect.ServiceDescriptor) string {
	const most = 100
	names := []string{}
	for i := range min(s.Methods().Len(), most) {
		names = append(names, string(s.Methods().Get(i).Name()))
	}
	return strings.Join(names, ", ")
}

// Complete returns the linked methods that begin so, as package.Service/Method. Before
// the slash it returns services.
func Complete(begun string) []string {
	var out []string
	withMethods := strings.Contains(begun, "/")
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			if !withMethods {
				out = append(out, string(s.FullName())+"/")
				continue
			}
			for j := range s.Methods().Len() {
				out = append(out, string(s.FullName())+"/"+string(s.Methods().Get(j).Name()))
			}
		}
		return true
	})
	out = slices.DeleteFunc(out, func(name string) bool { return !strings.HasPrefix(name, begun) })
	slices.Sort(out)
	return out
}

var (
	errTooMuch  = errors.New("the server's reflection sends more than any API has")
	errImpostor = errors.New("it is one of protobuf's own messages")
)

func incomplete(name string, err error) error {
	return fmt.Errorf("the server's reflection describes %s in a way that cannot be used: %w", name, err)
}
