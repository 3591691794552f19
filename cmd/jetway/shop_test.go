package main

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// shopProto is an API that jetway does not link: a method of each kind, which say the
// words that they are told.
const shopProto = `
name: "shop.proto" package: "shop" syntax: "proto3"
message_type { name: "Word" field { name: "text" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "text" } }
service {
  name: "Shop"
  method { name: "One" input_type: ".shop.Word" output_type: ".shop.Word" }
  method { name: "Many" input_type: ".shop.Word" output_type: ".shop.Word" server_streaming: true }
  method { name: "Join" input_type: ".shop.Word" output_type: ".shop.Word" client_streaming: true }
  method { name: "Chat" input_type: ".shop.Word" output_type: ".shop.Word" client_streaming: true server_streaming: true }
  method { name: "Header" input_type: ".shop.Word" output_type: ".shop.Word" }
}`

// shop starts a server of that API with the reflection service, and sets $SHOP.
func shop(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: shop")
	}
	f := &descriptorpb.FileDescriptorProto{}
	ts.Check(prototext.Unmarshal([]byte(shopProto), f))
	files, err := protodesc.NewFiles(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{f}})
	ts.Check(err)
	d, err := files.FindDescriptorByName("shop.Word")
	ts.Check(err)
	w := words{d.(protoreflect.MessageDescriptor)}
	s := grpc.NewServer()
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "shop.Shop", HandlerType: (*any)(nil), Metadata: "shop.proto",
		Methods: []grpc.MethodDesc{w.unary("One", w.one), w.unary("Header", w.header)},
		Streams: []grpc.StreamDesc{
			{StreamName: "Many", ServerStreams: true, Handler: w.many},
			{StreamName: "Join", ClientStreams: true, Handler: w.join},
			{StreamName: "Chat", ClientStreams: true, ServerStreams: true, Handler: w.chat},
		},
	}, nil)
	reflectionpb.RegisterServerReflectionServer(s, reflection.NewServerV1(reflection.ServerOptions{Services: s, DescriptorResolver: files}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	go func() { _ = s.Serve(l) }()
	ts.Defer(s.Stop)
	ts.Setenv("SHOP", "http://"+l.Addr().String())
}

// words are the messages of the API.
type words struct {
	d protoreflect.MessageDescriptor
}

func (w words) of(text string) *dynamicpb.Message {
	m := dynamicpb.NewMessage(w.d)
	m.Set(w.d.Fields().ByName("text"), protoreflect.ValueOfString(text))
	return m
}

func (w words) text(m *dynamicpb.Message) string { return m.Get(w.d.Fields().ByName("text")).String() }

func (w words) unary(name string, do func(context.Context, string) (string, error)) grpc.MethodDesc {
	return grpc.MethodDesc{MethodName: name, Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		m := dynamicpb.NewMessage(w.d)
		if err := decode(m); err != nil {
			return nil, err
		}
		text, err := do(ctx, w.text(m))
		return w.of(text), err
	}}
}

func (w words) one(_ context.Context, text string) (string, error) {
	if text == "bad" {
		return "", status.Error(codes.InvalidArgument, "a bad\x1b[2J word")
	}
	return text, nil
}

// header returns the values of the header that it is told.
func (w words) header(ctx context.Context, name string) (string, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	return strings.Join(md[name], ","), nil
}

// many says each letter.
func (w words) many(_ any, s grpc.ServerStream) error {
	m := dynamicpb.NewMessage(w.d)
	if err := s.RecvMsg(m); err != nil {
		return err
	}
	for _, letter := range w.text(m) {
		if err := s.SendMsg(w.of(string(letter))); err != nil {
			return err
		}
	}
	return nil
}

func (w words) join(_ any, s grpc.ServerStream) error {
	var all []string
	err := w.each(s, func(text string) error {
		all = append(all, text)
		return nil
	})
	if err != nil {
		return err
	}
	return s.SendMsg(w.of(strings.Join(all, "+")))
}

// chat answers each word at once, until it is told to stop.
func (w words) chat(_ any, s grpc.ServerStream) error {
	return w.each(s, func(text string) error {
		if text == "stop" {
			return io.EOF
		}
		return s.SendMsg(w.of(text + "!"))
	})
}

func (w words) each(s grpc.ServerStream, do func(string) error) error {
	for {
		m := dynamicpb.NewMessage(w.d)
		err := s.RecvMsg(m)
		if err == nil {
			err = do(w.text(m))
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
