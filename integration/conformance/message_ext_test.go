package conformance_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/anypb"
)

const protoPackage = "connectrpc.conformance.v1."

// register makes the suite's protos known to the process, as generated code would.
func register(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(text, &set); err != nil {
		return err
	}
	for _, f := range set.GetFile() { // imports come first
		if _, err := protoregistry.GlobalFiles.FindFileByPath(f.GetName()); err == nil {
			continue // one of protobuf's own
		}
		file, err := protodesc.NewFile(f, protoregistry.GlobalFiles)
		if err != nil {
			return err
		}
		if err := protoregistry.GlobalFiles.RegisterFile(file); err != nil {
			return err
		}
		if err := registerTypes(file.Messages()); err != nil {
			return err
		}
	}
	return nil
}

func registerTypes(messages protoreflect.MessageDescriptors) error {
	for i := range messages.Len() {
		m := messages.Get(i)
		if m.IsMapEntry() {
			continue
		}
		if err := protoregistry.GlobalTypes.RegisterMessage(dynamicpb.NewMessageType(m)); err != nil {
			return err
		}
		if err := registerTypes(m.Messages()); err != nil {
			return err
		}
	}
	return nil
}

// message is a message of the suite, by the names of its fields.
type message struct{ protoreflect.Message }

func newMessage(name protoreflect.FullName) (message, error) {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(protoPackage + name)
	if err != nil {
		return message{}, fmt.Errorf("%s%s: %w", protoPackage, name, err)
	}
	return message{kind.New()}, nil
}

func (m message) field(name protoreflect.Name) protoreflect.FieldDescriptor {
	return m.Descriptor().Fields().ByName(name)
}

func (m message) has(name protoreflect.Name) bool { return m.Has(m.field(name)) }

func (m message) get(name protoreflect.Name) protoreflect.Value { return m.Get(m.field(name)) }

func (m message) set(name protoreflect.Name, value any) {
	m.Set(m.field(name), protoreflect.ValueOf(value))
}

// child returns a message in a field, which setting the fields of sets.
func (m message) child(name protoreflect.Name) message {
	return message{m.Mutable(m.field(name)).Message()}
}

// each calls do for every message of a repeated field.
func (m message) each(name protoreflect.Name, do func(message)) {
	list := m.get(name).List()
	for i := range list.Len() {
		do(message{list.Get(i).Message()})
	}
}

// add appends a message to a repeated field and returns it.
func (m message) add(name protoreflect.Name) message {
	return message{m.Mutable(m.field(name)).List().AppendMutable().Message()}
}

// addAny appends an Any that holds a message to a repeated field.
func (m message) addAny(name protoreflect.Name, value proto.Message) error {
	packed, err := anypb.New(value)
	if err != nil {
		return err
	}
	to := m.add(name)
	to.set("type_url", packed.GetTypeUrl())
	to.set("value", packed.GetValue())
	return nil
}

// metadata returns the headers in a field. Values of binary ones are base64 there.
func (m message) metadata(name protoreflect.Name) metadata.MD {
	md := metadata.MD{}
	m.each(name, func(h message) {
		key, values := strings.ToLower(h.get("name").String()), h.get("value").List()
		for i := range values.Len() {
			value := values.Get(i).String()
			if strings.HasSuffix(key, "-bin") {
				if plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "=")); err == nil {
					value = string(plain)
				}
			}
			md.Append(key, value)
		}
	})
	return md
}

// describe fills a RequestInfo with what the server knows of a call.
func (m message) describe(ctx context.Context, requests []proto.Message) error {
	md, _ := metadata.FromIncomingContext(ctx)
	for key, values := range md {
		h := m.add("request_headers")
		h.set("name", key)
		list := h.Mutable(h.field("value")).List()
		for _, value := range values {
			if strings.HasSuffix(key, "-bin") {
				value = base64.RawStdEncoding.EncodeToString([]byte(value))
			}
			list.Append(protoreflect.ValueOfString(value))
		}
	}
	if deadline, ok := ctx.Deadline(); ok {
		m.set("timeout_ms", max(0, time.Until(deadline).Milliseconds()))
	}
	return m.list(requests)
}

// list adds requests to a RequestInfo.
func (m message) list(requests []proto.Message) error {
	for _, r := range requests {
		if err := m.addAny("requests", r); err != nil {
			return err
		}
	}
	return nil
}
