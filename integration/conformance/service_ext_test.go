package conformance_test

import (
	"context"
	"errors"
	"io"
	"time"

	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// service returns the suite's service as its protos ask for. Its method Unimplemented is
// left out.
func service() *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: protoPackage + "ConformanceService",
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{
			{MethodName: "Unary", Handler: unary("UnaryRequest", "UnaryResponse")},
			{MethodName: "IdempotentUnary", Handler: unary("IdempotentUnaryRequest", "IdempotentUnaryResponse")},
		},
		Streams: []grpc.StreamDesc{
			{StreamName: "ServerStream", Handler: serverStream, ServerStreams: true},
			{StreamName: "ClientStream", Handler: clientStream, ClientStreams: true},
			{StreamName: "BidiStream", Handler: bidiStream, ServerStreams: true, ClientStreams: true},
		},
	}
}

func receive(decode func(any) error, name string) (message, error) {
	m, err := newMessage(fullName(name))
	if err != nil {
		return m, err
	}
	return m, decode(m.Interface())
}

// wait waits as long as the definition says, or until the call is over.
func wait(ctx context.Context, definition message) error {
	select {
	case <-time.After(time.Duration(definition.get("response_delay_ms").Uint()) * time.Millisecond):
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// failure returns the error that a definition asks for. A call that ends without any
// message puts what the server knows of it into the details.
func failure(ctx context.Context, definition message, requests []proto.Message, messages int) error {
	if !definition.has("error") {
		return nil
	}
	wanted := definition.child("error")
	if messages == 0 {
		info, err := newMessage("ConformancePayload.RequestInfo")
		if err != nil {
			return err
		}
		if err := errors.Join(info.describe(ctx, requests), wanted.addAny("details", info.Interface())); err != nil {
			return err
		}
	}
	st := &statuspb.Status{Code: int32(wanted.get("code").Enum()), Message: wanted.get("message").String()}
	wanted.each("details", func(d message) {
		st.Details = append(st.Details, &anypb.Any{TypeUrl: d.get("type_url").String(), Value: d.get("value").Bytes()})
	})
	return status.ErrorProto(st)
}

// answer returns the only response of a call.
func answer(ctx context.Context, name string, definition message, requests []proto.Message) (any, error) {
	if err := failure(ctx, definition, requests, 0); err != nil {
		return nil, err
	}
	response, err := newMessage(fullName(name))
	if err != nil {
		return nil, err
	}
	payload := response.child("payload")
	if definition.has("response_data") {
		payload.set("data", definition.get("response_data").Bytes())
	}
	return response.Interface(), payload.child("request_info").describe(ctx, requests)
}

func unary(request, response string) grpc.MethodHandler {
	return func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		r, err := receive(decode, request)
		if err != nil {
			return nil, err
		}
		requests := []proto.Message{proto.Clone(r.Interface())}
		definition := r.child("response_definition")
		err = errors.Join(grpc.SetHeader(ctx, definition.metadata("response_headers")), grpc.SetTrailer(ctx, definition.metadata("response_trailers")))
		if err != nil {
			return nil, err
		}
		if err := wait(ctx, definition); err != nil {
			return nil, err
		}
		return answer(ctx, response, definition, requests)
	}
}

func clientStream(_ any, stream grpc.ServerStream) error {
	requests, definition, err := receiveAll(stream, "ClientStreamRequest")
	if err != nil {
		return err
	}
	if err := stream.SetHeader(definition.metadata("response_headers")); err != nil {
		return err
	}
	stream.SetTrailer(definition.metadata("response_trailers"))
	if err := wait(stream.Context(), definition); err != nil {
		return err
	}
	response, err := answer(stream.Context(), "ClientStreamResponse", definition, requests)
	if err != nil {
		return err
	}
	return stream.SendMsg(response)
}

// receiveAll returns all messages, and the definition in the first.
func receiveAll(stream grpc.ServerStream, name string) (requests []proto.Message, definition message, err error) {
	var first message
	for {
		m, err := receive(stream.RecvMsg, name)
		if errors.Is(err, io.EOF) {
			if len(requests) == 0 {
				first = m // without a definition
			}
			return requests, first.child("response_definition"), nil
		}
		if err != nil {
			return nil, message{}, err
		}
		if len(requests) == 0 {
			first = message{proto.Clone(m.Interface()).ProtoReflect()}
		}
		requests = append(requests, m.Interface())
	}
}

// serverStream, like all streams here, leaves its headers to the first message, as connect-go
// does: the suite expects a status behind headers even of calls that its client gave up.
func serverStream(_ any, stream grpc.ServerStream) error {
	r, err := receive(stream.RecvMsg, "ServerStreamRequest")
	if err != nil {
		return err
	}
	requests := []proto.Message{proto.Clone(r.Interface())}
	definition := r.child("response_definition")
	stream.SetTrailer(definition.metadata("response_trailers"))
	if err := stream.SetHeader(definition.metadata("response_headers")); err != nil {
		return err
	}
	return sendAll(stream, "ServerStreamResponse", definition, requests, 0)
}

// sendAll sends what the definition has from the given message on, and ends the call.
func sendAll(stream grpc.ServerStream, name string, definition message, requests []proto.Message, from int) error {
	data := definition.get("response_data").List()
	for i := from; i < data.Len(); i++ {
		if err := send(stream, name, definition, requests, i); err != nil {
			return err
		}
	}
	return failure(stream.Context(), definition, requests, max(from, data.Len()))
}

// send sends message number i; the first tells what the server knows of the call.
func send(stream grpc.ServerStream, name string, definition message, requests []proto.Message, i int) error {
	response, err := newMessage(fullName(name))
	if err != nil {
		return err
	}
	payload := response.child("payload")
	payload.set("data", definition.get("response_data").List().Get(i).Bytes())
	if i == 0 {
		if err := payload.child("request_info").describe(stream.Context(), requests); err != nil {
			return err
		}
	}
	if err := wait(stream.Context(), definition); err != nil {
		return err
	}
	return stream.SendMsg(response.Interface())
}

func bidiStream(_ any, stream grpc.ServerStream) error {
	first, err := receive(stream.RecvMsg, "BidiStreamRequest")
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	requests := []proto.Message{proto.Clone(first.Interface())}
	definition := first.child("response_definition")
	stream.SetTrailer(definition.metadata("response_trailers"))
	headers := definition.metadata("response_headers")
	if !first.get("full_duplex").Bool() {
		rest, _, err := receiveAll(stream, "BidiStreamRequest")
		if err != nil {
			return err
		}
		if err := stream.SetHeader(headers); err != nil {
			return err
		}
		return sendAll(stream, "BidiStreamResponse", definition, append(requests, rest...), 0)
	}
	if err := stream.SetHeader(headers); err != nil {
		return err
	}
	return converse(stream, definition, requests)
}

// converse answers every message before it receives the next.
func converse(stream grpc.ServerStream, definition message, requests []proto.Message) error {
	const name = "BidiStreamResponse"
	data := definition.get("response_data").List()
	for i := range data.Len() {
		if i == 0 {
			if err := send(stream, name, definition, requests, i); err != nil {
				return err
			}
			continue
		}
		m, err := receive(stream.RecvMsg, "BidiStreamRequest")
		if errors.Is(err, io.EOF) {
			return sendAll(stream, name, definition, nil, i)
		}
		if err != nil {
			return err
		}
		response, err := newMessage(name)
		if err != nil {
			return err
		}
		payload := response.child("payload")
		payload.set("data", data.Get(i).Bytes())
		if err := payload.child("request_info").list([]proto.Message{m.Interface()}); err != nil {
			return err
		}
		if err := wait(stream.Context(), definition); err != nil {
			return err
		}
		if err := stream.SendMsg(response.Interface()); err != nil {
			return err
		}
	}
	return failure(stream.Context(), definition, requests, data.Len())
}
