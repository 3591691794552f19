package backend

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// checkRequest checks a request against the contract's validation rules if the backend
// is strict. The error is InvalidArgument and has every violation with the path of its
// field.
func (b *Backend) checkRequest(msg proto.Message) error {
	if b.rules == nil || msg == nil {
		return nil
	}
	var found violations
	found.walk("", msg.ProtoReflect(), b.rules)
	if len(found) == 0 {
		return nil
	}
	texts := make([]string, 0, len(found))
	for _, v := range found {
		texts = append(texts, v.GetField()+" "+v.GetDescription())
	}
	st := status.New(codes.InvalidArgument, "invalid request: "+strings.Join(texts, "; "))
	detailed, err := st.WithDetails(&errdetails.BadRequest{FieldViolations: found})
	if err != nil {
		return st.Err() // the text has the violations too
	}
	return detailed.Err()
}

// violations are collected in the order of the fields.
type violations []*errdetails.BadRequest_FieldViolation

func (vs *violations) addf(path, format string, args ...any) {
	*vs = append(*vs, &errdetails.BadRequest_FieldViolation{Field: path, Description: fmt.Sprintf(format, args...)})
}

// walk checks m and every message that is set inside it.
func (vs *violations) walk(path string, m protoreflect.Message, rules map[protoreflect.FullName][]rule) {
	for _, r := range rules[m.Descriptor().FullName()] {
		r(vs, path, m)
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if !m.Has(f) {
			continue
		}
		at := join(path, string(f.Name()))
		switch {
		case f.IsMap():
			if f.MapValue().Message() == nil {
				continue
			}
			m.Get(f).Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				vs.walk(fmt.Sprintf("%s[%q]", at, k.String()), v.Message(), rules)
				return true
			})
		case f.Message() == nil:
		case f.IsList():
			list := m.Get(f).List()
			for i := range list.Len() {
				vs.walk(fmt.Sprintf("%s[%d]", at, i), list.Get(i).Message(), rules)
			}
		default:
			vs.walk(at, m.Get(f).Message(), rules)
		}
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// strictRegistrar wraps every method that is registered through it, so that each checks
// its requests. The check runs after the server's interceptors: a caller without
// credentials gets no violations.
type strictRegistrar struct {
	grpc.ServiceRegistrar

	check func(proto.Message) error
}

// RegisterService registers a copy of desc that checks requests.
func (r strictRegistrar) RegisterService(desc *grpc.ServiceDesc, impl any) {
	checked := *desc
	checked.Methods = make([]grpc.MethodDesc, len(desc.Methods))
	for i, m := range desc.Methods {
		checked.Methods[i] = grpc.MethodDesc{MethodName: m.MethodName, Handler: r.unary(m.Handler)}
	}
	checked.Streams = make([]grpc.StreamDesc, len(desc.Streams))
	for i, s := range desc.Streams {
		next := s.Handler
		s.Handler = func(srv any, stream grpc.ServerStream) error {
			return next(srv, checkedStream{stream, r.check})
		}
		checked.Streams[i] = s
	}
	r.ServiceRegistrar.RegisterService(&checked, impl)
}

func (r strictRegistrar) unary(next grpc.MethodHandler) grpc.MethodHandler {
	return func(srv any, ctx context.Context, dec func(any) error, outer grpc.UnaryServerInterceptor) (any, error) {
		return next(srv, ctx, dec, func(ctx context.Context, req any, info *grpc.UnaryServerInfo, h grpc.UnaryHandler) (any, error) {
			handle := func(ctx context.Context, req any) (any, error) {
				if msg, ok := req.(proto.Message); ok {
					if err := r.check(msg); err != nil {
						return nil, err
					}
				}
				return h(ctx, req)
			}
			if outer == nil {
				return handle(ctx, req)
			}
			return outer(ctx, req, info, handle)
		})
	}
}

// checkedStream checks the messages that a stream receives.
type checkedStream struct {
	grpc.ServerStream

	check func(proto.Message) error
}

func (s checkedStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	if msg, ok := m.(proto.Message); ok {
		return s.check(msg)
	}
	return nil
}
