package schema

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// These bound what a server can make us keep.
const (
	maxFiles = 2000
	maxBytes = 32 << 20
)

// reflected asks the server for the file of a service, and for all that it imports. The
// first version of the reflection service has another name and the same messages.
func reflected(ctx context.Context, cc grpc.ClientConnInterface, service string) (*protoregistry.Files, error) {
	files, err := conversation(ctx, cc, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", service)
	if status.Code(err) == codes.Unimplemented {
		files, err = conversation(ctx, cc, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", service)
	}
	return files, err
}

func conversation(ctx context.Context, cc grpc.ClientConnInterface, method, service string) (*protoregistry.Files, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the stream
	stream, err := cc.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method)
	if err != nil {
		return nil, err
	}
	r := &reflection{stream: stream, files: map[string]*descriptorpb.FileDescriptorProto{}}
	err = r.ask(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: service},
	})
	if err != nil {
		return nil, err
	}
	if err := r.complete(); err != nil {
		return nil, err
	}
	set := &descriptorpb.FileDescriptorSet{}
	for _, f := range r.files {
		set.File = append(set.File, f)
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, incomplete(service, err)
	}
	return files, impostor(files)
}

// reflection is one conversation with the reflection service.
type reflection struct {
	stream  grpc.ClientStream
	files   map[string]*descriptorpb.FileDescriptorProto
	missing []string // imports that were not looked at
	bytes   int
}

// ask sends one request and keeps the files of the answer.
func (r *reflection) ask(request *reflectionpb.ServerReflectionRequest) error {
	_ = r.stream.SendMsg(request) // the reason of a failure is what RecvMsg returns
	answer := &reflectionpb.ServerReflectionResponse{}
	if err := r.stream.RecvMsg(answer); err != nil {
		return err
	}
	if e := answer.GetErrorResponse(); e != nil {
		return refused(e)
	}
	for _, text := range answer.GetFileDescriptorResponse().GetFileDescriptorProto() {
		f := &descriptorpb.FileDescriptorProto{}
		if err := proto.Unmarshal(text, f); err != nil {
			return incomplete("a file", err)
		}
		if r.bytes += len(text); len(r.files) >= maxFiles || r.bytes > maxBytes {
			return errTooMuch
		}
		r.keep(f)
	}
	return nil
}

// refused returns the error of an answer that has one. A code that is none is unknown:
// code 0 would make no error of it.
func refused(e *reflectionpb.ErrorResponse) error {
	code := codes.Unknown
	if n := e.GetErrorCode(); n > 0 && n <= int32(codes.Unauthenticated) {
		code = codes.Code(n)
	}
	return status.Error(code, "the server's reflection: "+e.GetErrorMessage())
}

// keep keeps a file. Those of protobuf itself are the program's own: their messages have
// forms of JSON that rely on their fields.
func (r *reflection) keep(f *descriptorpb.FileDescriptorProto) {
	if r.files[f.GetName()] != nil {
		return
	}
	if own, err := protoregistry.GlobalFiles.FindFileByPath(f.GetName()); err == nil && own.Package() == wellKnown {
		f = protodesc.ToFileDescriptorProto(own)
	}
	r.files[f.GetName()] = f
	r.missing = append(r.missing, f.GetDependency()...)
}

// complete asks for imports until none is missing.
func (r *reflection) complete() error {
	for len(r.missing) > 0 {
		name := r.missing[0]
		r.missing = r.missing[1:]
		if r.files[name] != nil {
			continue
		}
		if own, err := protoregistry.GlobalFiles.FindFileByPath(name); err == nil && own.Package() == wellKnown {
			r.keep(protodesc.ToFileDescriptorProto(own))
			continue
		}
		err := r.ask(&reflectionpb.ServerReflectionRequest{
			MessageRequest: &reflectionpb.ServerReflectionRequest_FileByFilename{FileByFilename: name},
		})
		if own, found := protoregistry.GlobalFiles.FindFileByPath(name); status.Code(err) == codes.NotFound && found == nil {
			r.keep(protodesc.ToFileDescriptorProto(own)) // some servers do not know all that they import
			continue
		}
		switch {
		case err != nil:
			return err
		case r.files[name] == nil:
			return incomplete(name, protoregistry.NotFound)
		}
	}
	return nil
}

// wellKnown is the package of protobuf's own messages.
const wellKnown = "google.protobuf"

// impostor returns an error if the server describes a message of protobuf's own, such as
// Timestamp, in a file of its own: JSON of it could not be written.
func impostor(files *protoregistry.Files) (err error) {
	protoregistry.GlobalFiles.RangeFilesByPackage(wellKnown, func(own protoreflect.FileDescriptor) bool {
		for i := range own.Messages().Len() {
			name := own.Messages().Get(i).FullName()
			if d, found := files.FindDescriptorByName(name); found == nil && d.ParentFile().Path() != own.Path() {
				err = incomplete(string(name), errImpostor)
			}
		}
		return err == nil
	})
	return err
}
