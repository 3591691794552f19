package schema

import (
	"context"
	"errors"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// shopProto is an API that the program does not link.
const shopProto = `
name: "shop.proto" package: "shop" syntax: "proto3"
dependency: "shop/types.proto" dependency: "google/protobuf/timestamp.proto" dependency: "google/protobuf/any.proto"
message_type {
  name: "Order"
  field { name: "item" number: 1 type: TYPE_MESSAGE type_name: ".shop.Item" label: LABEL_OPTIONAL json_name: "item" }
  field { name: "at" number: 2 type: TYPE_MESSAGE type_name: ".google.protobuf.Timestamp" label: LABEL_OPTIONAL json_name: "at" }
  field { name: "extra" number: 3 type: TYPE_MESSAGE type_name: ".google.protobuf.Any" label: LABEL_OPTIONAL json_name: "extra" }
}
service {
  name: "Shop"
  method { name: "Buy" input_type: ".shop.Order" output_type: ".shop.Order" }
  method { name: "Watch" input_type: ".shop.Order" output_type: ".shop.Order" server_streaming: true }
}`

const typesProto = `
name: "shop/types.proto" package: "shop" syntax: "proto3"
message_type { name: "Item" field { name: "id" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "id" } }`

func file(tb testing.TB, text string) *descriptorpb.FileDescriptorProto {
	tb.Helper()
	f := &descriptorpb.FileDescriptorProto{}
	if err := prototext.Unmarshal([]byte(text), f); err != nil {
		tb.Fatal(err)
	}
	return f
}

// answers makes the answer of a reflection service to each request.
type answers func(*reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse

// describes answers with files: by their name, or by the symbol that the first one has.
func describes(tb testing.TB, files ...*descriptorpb.FileDescriptorProto) answers {
	tb.Helper()
	return func(r *reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse {
		for i, f := range files {
			if f.GetName() == r.GetFileByFilename() || r.GetFileContainingSymbol() == "shop.Shop" && i == 0 {
				return filesOf(tb, f)
			}
		}
		return notFound(5)
	}
}

func filesOf(tb testing.TB, files ...*descriptorpb.FileDescriptorProto) *reflectionpb.ServerReflectionResponse {
	tb.Helper()
	out := &reflectionpb.FileDescriptorResponse{}
	for _, f := range files {
		text, err := proto.Marshal(f)
		if err != nil {
			tb.Error(err)
		}
		out.FileDescriptorProto = append(out.FileDescriptorProto, text)
	}
	return &reflectionpb.ServerReflectionResponse{
		MessageResponse: &reflectionpb.ServerReflectionResponse_FileDescriptorResponse{FileDescriptorResponse: out},
	}
}

func notFound(code int32) *reflectionpb.ServerReflectionResponse {
	return &reflectionpb.ServerReflectionResponse{MessageResponse: &reflectionpb.ServerReflectionResponse_ErrorResponse{
		ErrorResponse: &reflectionpb.ErrorResponse{ErrorCode: code, ErrorMessage: "nothing of that name"},
	}}
}

// serve serves a reflection service of the version; nil serves none.
func serve(tb testing.TB, version string, answer answers) *grpc.ClientConn {
	tb.Helper()
	s := grpc.NewServer()
	if answer != nil {
		s.RegisterService(&grpc.ServiceDesc{
			ServiceName: "grpc.reflection." + version + ".ServerReflection", HandlerType: (*any)(nil),
			Streams: []grpc.StreamDesc{{StreamName: "ServerReflectionInfo", ServerStreams: true, ClientStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
				for {
					r := &reflectionpb.ServerReflectionRequest{}
					if err := stream.RecvMsg(r); err != nil {
						return nil //nolint:nilerr // the client has what it wants
					}
					if err := stream.SendMsg(answer(r)); err != nil {
						return err
					}
				}
			}}},
		}, nil)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(l)
	}()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = conn.Close()
		s.Stop()
		<-ended
	})
	return conn
}

func linkedFile(tb testing.TB, path string) *descriptorpb.FileDescriptorProto {
	tb.Helper()
	d, err := protoregistry.GlobalFiles.FindFileByPath(path)
	if err != nil {
		tb.Fatal(err)
	}
	return protodesc.ToFileDescriptorProto(d)
}

// always is a connection to a server that answers every question with one file.
type always []byte

func (a always) Invoke(context.Context, string, any, any, ...grpc.CallOption) error {
	return errors.ErrUnsupported
}

func (a always) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return alwaysStream{file: a}, nil
}

type alwaysStream struct {
	grpc.ClientStream

	file []byte
}

func (alwaysStream) SendMsg(any) error { return nil }

func (s alwaysStream) RecvMsg(m any) error {
	proto.Merge(m.(proto.Message), &reflectionpb.ServerReflectionResponse{
		MessageResponse: &reflectionpb.ServerReflectionResponse_FileDescriptorResponse{
			FileDescriptorResponse: &reflectionpb.FileDescriptorResponse{FileDescriptorProto: [][]byte{s.file}},
		},
	})
	return nil
}
