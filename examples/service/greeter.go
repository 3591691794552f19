package main

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

const (
	greetMethod   = "/example.Greeter/Greet"
	versionMethod = "/example.Greeter/Version"
)

// greeter is the service: it greets its caller.
type greeter struct{}

// Greet needs a login.
func (greeter) Greet(ctx context.Context, word *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
	caller, _ := serverauth.IdentityFromContext(ctx)
	return wrapperspb.String(word.GetValue() + ", " + caller.Subject), nil
}

// Version is open.
func (greeter) Version(context.Context, *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
	return wrapperspb.String("greeter 1.0"), nil
}

// register is generated code for most services. This one has no proto file, so that
// the example needs no generator.
func register(s grpc.ServiceRegistrar) {
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "example.Greeter",
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{
			{MethodName: "Greet", Handler: handler(greetMethod, greeter.Greet)},
			{MethodName: "Version", Handler: handler(versionMethod, greeter.Version)},
		},
	}, greeter{})
}

type text = wrapperspb.StringValue

func handler(method string, call func(greeter, context.Context, *text) (*text, error)) grpc.MethodHandler {
	return func(srv any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
		in := new(text)
		if err := decode(in); err != nil {
			return nil, err
		}
		next := func(ctx context.Context, req any) (any, error) {
			in, _ := req.(*text)
			return call(greeter{}, ctx, in)
		}
		if intercept == nil {
			return next(ctx, in)
		}
		return intercept(ctx, in, &grpc.UnaryServerInfo{Server: srv, FullMethod: method}, next)
	}
}
