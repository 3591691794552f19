package wire_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// set is a copy of the linked descriptors in which everything can be changed.
type set struct {
	tb    testing.TB
	files []*descriptorpb.FileDescriptorProto
}

func linkedSet(tb testing.TB) *set {
	tb.Helper()
	s := &set{tb: tb}
	for _, f := range linked() {
		s.files = append(s.files, protodesc.ToFileDescriptorProto(f))
	}
	return s
}

// build links the set anew. What a removal has left dangling stays a name only.
func (s *set) build() []protoreflect.FileDescriptor {
	s.tb.Helper()
	all := &descriptorpb.FileDescriptorSet{File: s.files}
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if strings.HasPrefix(f.Path(), "google/protobuf/") || f.Path() == "google/rpc/status.proto" {
			all.File = append(all.File, protodesc.ToFileDescriptorProto(f))
		}
		return true
	})
	registry, err := protodesc.FileOptions{AllowUnresolvable: true}.NewFiles(all)
	if err != nil {
		s.tb.Fatal(err)
	}
	var files []protoreflect.FileDescriptor
	for _, f := range s.files {
		d, err := registry.FindFileByPath(f.GetName())
		if err != nil {
			s.tb.Fatal(err)
		}
		files = append(files, d)
	}
	return files
}

func (s *set) file(path string) *descriptorpb.FileDescriptorProto {
	s.tb.Helper()
	return find(s.tb, s.files, path)
}

// rename moves a file, and lets those who import it know.
func (s *set) rename(from, to string) {
	s.tb.Helper()
	s.file(from).Name = proto.String(to)
	for _, f := range s.files {
		for i, path := range f.GetDependency() {
			if path == from {
				f.Dependency[i] = to
			}
		}
	}
}

// remove takes a file out, together with the imports of it.
func (s *set) remove(path string) {
	s.tb.Helper()
	s.file(path) // it must be there
	s.files = slices.DeleteFunc(s.files, named[*descriptorpb.FileDescriptorProto](path))
	for _, f := range s.files {
		f.Dependency = slices.DeleteFunc(f.Dependency, func(dep string) bool { return dep == path })
	}
}

func (s *set) imports(path, dep string) {
	s.tb.Helper()
	f := s.file(path)
	if !slices.Contains(f.GetDependency(), dep) {
		f.Dependency = append(f.Dependency, dep)
	}
}

// home finds the file whose package holds a full name, and the rest of the name.
func (s *set) home(
	name string, has func(f *descriptorpb.FileDescriptorProto, first string) bool,
) (*descriptorpb.FileDescriptorProto, []string) {
	s.tb.Helper()
	for _, f := range s.files {
		if rest, ok := strings.CutPrefix(name, f.GetPackage()+"."); ok {
			if parts := strings.Split(rest, "."); has(f, parts[0]) {
				return f, parts
			}
		}
	}
	s.tb.Fatalf("no file declares %s", name)
	return nil, nil
}

func (s *set) service(name string) *descriptorpb.ServiceDescriptorProto {
	s.tb.Helper()
	f, parts := s.home(name, func(f *descriptorpb.FileDescriptorProto, first string) bool {
		return slices.ContainsFunc(f.GetService(), named[*descriptorpb.ServiceDescriptorProto](first))
	})
	return find(s.tb, f.GetService(), parts[0])
}

func (s *set) method(service, name string) *descriptorpb.MethodDescriptorProto {
	s.tb.Helper()
	return find(s.tb, s.service(service).GetMethod(), name)
}

func (s *set) message(name string) *descriptorpb.DescriptorProto {
	s.tb.Helper()
	f, parts := s.home(name, func(f *descriptorpb.FileDescriptorProto, first string) bool {
		return slices.ContainsFunc(f.GetMessageType(), named[*descriptorpb.DescriptorProto](first))
	})
	m := find(s.tb, f.GetMessageType(), parts[0])
	for _, part := range parts[1:] {
		m = find(s.tb, m.GetNestedType(), part)
	}
	return m
}

func (s *set) field(message, name string) *descriptorpb.FieldDescriptorProto {
	s.tb.Helper()
	return find(s.tb, s.message(message).GetField(), name)
}

// enum finds an enum that stands inside a message.
func (s *set) enum(name string) *descriptorpb.EnumDescriptorProto {
	s.tb.Helper()
	dot := strings.LastIndex(name, ".")
	return find(s.tb, s.message(name[:dot]).GetEnumType(), name[dot+1:])
}

func (s *set) value(enum, name string) *descriptorpb.EnumValueDescriptorProto {
	s.tb.Helper()
	return find(s.tb, s.enum(enum).GetValue(), name)
}

// rename gives a field another name, and the JSON name that goes with it.
func rename(f *descriptorpb.FieldDescriptorProto, name string) {
	first, rest, _ := strings.Cut(name, "_")
	f.Name, f.JsonName = proto.String(name), proto.String(first+strings.ToUpper(rest[:1])+rest[1:])
}

// named matches a descriptor by its own name.
func named[D interface{ GetName() string }](name string) func(D) bool {
	return func(d D) bool { return d.GetName() == name }
}

func find[D interface{ GetName() string }](tb testing.TB, list []D, name string) D {
	tb.Helper()
	i := slices.IndexFunc(list, named[D](name))
	if i < 0 {
		tb.Fatalf("nothing is called %s", name)
	}
	return list[i]
}
