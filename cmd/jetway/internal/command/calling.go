package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
)

// calling is one call of a method that is known by its descriptor only.
type calling struct {
	app    *App
	method protoreflect.MethodDescriptor
	json   protojson.UnmarshalOptions
	print  protojson.MarshalOptions
	input  *json.Decoder
}

// request reads the next message; io.EOF means that there is none.
func (c *calling) request() (*dynamicpb.Message, error) {
	var text json.RawMessage
	if err := c.input.Decode(&text); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, failure.Exit(failure.Misuse, fmt.Errorf("the request is not JSON: %w", err), "")
	}
	m := dynamicpb.NewMessage(c.method.Input())
	if err := c.json.Unmarshal(text, m); err != nil {
		return nil, failure.Exit(failure.Misuse, fmt.Errorf("the request is no %s: %w", c.method.Input().FullName(), err), "")
	}
	return m, nil
}

func (c *calling) run(ctx context.Context, cc grpc.ClientConnInterface) error {
	path := "/" + string(c.method.Parent().FullName()) + "/" + string(c.method.Name())
	if !c.method.IsStreamingClient() && !c.method.IsStreamingServer() {
		return c.unary(ctx, cc, path)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stream, err := cc.NewStream(ctx, &grpc.StreamDesc{
		ClientStreams: c.method.IsStreamingClient(), ServerStreams: c.method.IsStreamingServer(),
	}, path)
	if err != nil {
		return err
	}
	if !c.method.IsStreamingClient() {
		m, err := c.only()
		if err != nil {
			return err
		}
		if err := stream.SendMsg(m); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err := stream.CloseSend(); err != nil {
			return err
		}
		return c.answers(stream)
	}
	go func() {
		if err := c.send(stream); err != nil {
			cancel(badInputError{err}) // the answers would not come
		}
	}()
	err = c.answers(stream)
	if bad, ok := errors.AsType[badInputError](context.Cause(ctx)); ok && err != nil {
		return bad.error
	}
	return err // the rest of the input is of no use to a server that has answered
}

// badInputError is why a call was given up while it had requests to send.
type badInputError struct{ error }

func (c *calling) unary(ctx context.Context, cc grpc.ClientConnInterface, path string) error {
	m, err := c.only()
	if err != nil {
		return err
	}
	answer := dynamicpb.NewMessage(c.method.Output())
	if err := cc.Invoke(ctx, path, m, answer); err != nil {
		return err
	}
	text, err := c.text(answer)
	if err != nil {
		return err
	}
	return c.app.printJSON(text)
}

// text returns an answer as JSON.
func (c *calling) text(answer *dynamicpb.Message) (json.RawMessage, error) {
	text, err := c.print.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("the answer cannot be written as JSON: %w", err)
	}
	return text, nil
}

// only reads the one request of a method; without input it is empty.
func (c *calling) only() (*dynamicpb.Message, error) {
	m, err := c.request()
	if errors.Is(err, io.EOF) {
		return dynamicpb.NewMessage(c.method.Input()), nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := c.request(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = failure.Usage("more than one request: %s takes one", c.method.FullName())
		}
		return nil, err
	}
	return m, nil
}

func (c *calling) send(stream grpc.ClientStream) error {
	for {
		m, err := c.request()
		if errors.Is(err, io.EOF) {
			return stream.CloseSend()
		}
		if err != nil {
			return err
		}
		if err := stream.SendMsg(m); err != nil {
			return nil //nolint:nilerr // the reason is what RecvMsg returns
		}
	}
}

func (c *calling) answers(stream grpc.ClientStream) error {
	for {
		answer := dynamicpb.NewMessage(c.method.Output())
		if err := stream.RecvMsg(answer); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		text, err := c.text(answer)
		if err != nil {
			return err
		}
		if err := show.Next(c.app.IO.Out, c.app.format, text); err != nil {
			return err
		}
		if !c.method.IsStreamingServer() {
			return nil
		}
	}
}
