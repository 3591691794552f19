package schema

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	_ "google.golang.org/protobuf/types/known/anypb" // the API of these tests has them
	_ "google.golang.org/protobuf/types/known/structpb"
	_ "google.golang.org/protobuf/types/known/timestamppb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSplit(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"a.b.S/M": {"a.b.S", "M"}, "/a.b.S/M": {"a.b.S", "M"}, "a.b.S.M": {"a.b.S", "M"}, "S/M": {"S", "M"},
		"": {}, "S": {}, "/": {}, "S/": {}, "/M": {}, "S/M/N": {}, "a..S/M": {}, "a-b/M": {}, "S/M\t": {}, "//S/M": {}, ".M": {},
	} {
		service, method, ok := Split(text)
		if ok != (want[0] != "") || ok && [2]string{service, method} != want {
			t.Errorf("%q: %q, %q, %v", text, service, method, ok)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("/a.b.S/M")
	f.Fuzz(func(t *testing.T, text string) {
		service, method, ok := Split(text)
		if !ok {
			return
		}
		again, m, ok := Split(service + "/" + method)
		if !ok || again != service || m != method || strings.ContainsAny(service+method, "/ \n") {
			t.Errorf("%q is %q and %q, which is %q and %q", text, service, method, again, m)
		}
	})
}

// A request and an answer are made of what the server alone describes.
func TestAnAPIThatIsNotLinkedIsFoundByReflection(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"v1", "v1alpha"} {
		conn := serve(t, version, describes(t, file(t, shopProto), file(t, typesProto)))
		m, types, err := Find(t.Context(), conn, "shop.Shop", "Buy")
		if err != nil {
			t.Fatalf("%s: %v", version, err)
		}
		const text = `{"item":{"id":"x"},"at":"2026-01-02T03:04:05Z","extra":{"@type":"type.googleapis.com/shop.Item","id":"y"}}`
		order := dynamicpb.NewMessage(m.Input())
		if err := (protojson.UnmarshalOptions{Resolver: types}).Unmarshal([]byte(text), order); err != nil {
			t.Fatal(err)
		}
		got, err := protojson.MarshalOptions{Resolver: types}.Marshal(order)
		if err != nil || strings.ReplaceAll(string(got), " ", "") != strings.ReplaceAll(text, " ", "") {
			t.Errorf("%s: %s, %v", version, got, err)
		}
		// An Any may have a message that is linked, and not described.
		linked := `{"extra":{"@type":"type.googleapis.com/google.protobuf.Struct","value":{"a":1}}}`
		if err := (protojson.UnmarshalOptions{Resolver: types}).Unmarshal([]byte(linked), order); err != nil {
			t.Error(err)
		}
		if m, _, err := Find(t.Context(), conn, "shop.Shop", "Watch"); err != nil || !m.IsStreamingServer() {
			t.Errorf("%s: Watch: %v", version, err)
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	shop := describes(t, file(t, shopProto), file(t, typesProto))
	const linked = "grpc.reflection.v1.ServerReflection"
	for name, tt := range map[string]struct {
		answer          answers
		service, method string
		code            codes.Code
		text            string
	}{
		"another service":             {shop, "shop.Other", "M", codes.NotFound, "the server has no service shop.Other"},
		"another method":              {shop, "shop.Shop", "Sell", codes.NotFound, "it has Buy, Watch"},
		"no reflection":               {nil, "shop.Shop", "Buy", codes.NotFound, "it has no reflection"},
		"a message":                   {shop, "shop.Order", "Buy", codes.NotFound, "no service"},
		"a linked service, no method": {shop, linked, "Nope", codes.NotFound, "it has ServerReflectionInfo"},
		"the same without reflection": {nil, linked, "Nope", codes.NotFound, "it has ServerReflectionInfo"},
		"a code that is none":         {func(*reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse { return notFound(0) }, "shop.Shop", "Buy", codes.Unknown, "nothing of that name"},
		"a code that is out of bounds": {func(*reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse {
			return notFound(-7)
		}, "shop.Shop", "Buy", codes.Unknown, "nothing of that name"},
		"an answer to another question": {func(*reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse {
			return &reflectionpb.ServerReflectionResponse{}
		}, "shop.Shop", "Buy", codes.NotFound, "no service"},
	} {
		_, _, err := Find(t.Context(), serve(t, "v1", tt.answer), tt.service, tt.method)
		if status.Code(err) != tt.code || !strings.Contains(fmt.Sprint(err), tt.text) {
			t.Errorf("%s: %v, want %v with %q", name, err, tt.code, tt.text)
		}
	}
}

// A method that is newer than the linked protos is the server's.
func TestANewerMethodOfALinkedServiceIsTheServers(t *testing.T) {
	t.Parallel()
	newer := linkedFile(t, "grpc/reflection/v1/reflection.proto")
	newer.Service[0].Method = append(newer.Service[0].Method, &descriptorpb.MethodDescriptorProto{
		Name: proto.String("Newer"), InputType: proto.String(".grpc.reflection.v1.ServerReflectionRequest"),
		OutputType: proto.String(".grpc.reflection.v1.ServerReflectionRequest"),
	})
	conn := serve(t, "v1", func(*reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse {
		return filesOf(t, newer)
	})
	m, _, err := Find(t.Context(), conn, "grpc.reflection.v1.ServerReflection", "Newer")
	if err != nil || m.Name() != "Newer" {
		t.Errorf("%v, %v", m, err)
	}
}

func TestAServerCannotMakeReflectionEndless(t *testing.T) {
	t.Parallel()
	n := 0
	chain := func(r *reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse {
		name := r.GetFileByFilename()
		if name == "" {
			name = "0.proto"
		}
		n++
		return filesOf(t, &descriptorpb.FileDescriptorProto{Name: proto.String(name), Dependency: []string{fmt.Sprint(n, ".proto")}})
	}
	big := func(r *reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse {
		n++
		f := &descriptorpb.FileDescriptorProto{
			Name: proto.String(r.GetFileByFilename()), Dependency: []string{fmt.Sprint(n, ".proto")}, Package: proto.String(strings.Repeat("x", 3<<20)),
		}
		return filesOf(t, f)
	}
	for name, answer := range map[string]answers{"files without end": chain, "large files": big} {
		n = 0
		_, _, err := Find(t.Context(), serve(t, "v1", answer), "shop.Shop", "Buy")
		if err == nil || !strings.Contains(err.Error(), "more than any API has") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAServerCannotReplaceProtobufsOwnMessages(t *testing.T) {
	t.Parallel()
	evil := file(t, `name: "google/protobuf/timestamp.proto" package: "google.protobuf" syntax: "proto3"
		message_type { name: "Timestamp" field { name: "x" number: 7 type: TYPE_STRING label: LABEL_OPTIONAL } }`)
	m, _, err := Find(t.Context(), serve(t, "v1", describes(t, file(t, shopProto), file(t, typesProto), evil)), "shop.Shop", "Buy")
	if err != nil {
		t.Fatal(err)
	}
	if at := m.Input().Fields().ByName("at").Message(); at.Fields().ByName("seconds") == nil {
		t.Errorf("Timestamp is the server's: %v", at.Fields())
	}
	for name, text := range map[string]string{
		"in another file": `name: "shop.proto" package: "google.protobuf" syntax: "proto3"
			message_type { name: "Timestamp" field { name: "x" number: 7 type: TYPE_STRING label: LABEL_OPTIONAL } }`,
		"inside of a message": `name: "shop.proto" package: "google" syntax: "proto3"
			message_type { name: "protobuf" nested_type { name: "Any" field { name: "x" number: 7 type: TYPE_STRING label: LABEL_OPTIONAL } } }`,
	} {
		_, _, err := Find(t.Context(), serve(t, "v1", describes(t, file(t, text))), "shop.Shop", "Buy")
		if err == nil || !strings.Contains(err.Error(), "protobuf's own messages") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCompleteListsServicesAndThenMethods(t *testing.T) {
	t.Parallel()
	if got := Complete("grpc.reflection.v1."); !slices.Equal(got, []string{"grpc.reflection.v1.ServerReflection/"}) {
		t.Errorf("services %q", got)
	}
	if got := Complete("grpc.reflection.v1.ServerReflection/S"); !slices.Equal(got, []string{"grpc.reflection.v1.ServerReflection/ServerReflectionInfo"}) {
		t.Errorf("methods %q", got)
	}
	if got := Complete("nothing"); len(got) > 0 {
		t.Errorf("nothing: %q", got)
	}
}

// Whatever a server says of itself, a call of it ends with an answer or an error.
func FuzzReflection(f *testing.F) {
	for _, text := range []string{shopProto, typesProto} {
		raw, err := proto.Marshal(file(f, text))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, []byte("\x0a\x03\x0a\x01x"))
	}
	f.Fuzz(func(t *testing.T, described, answer []byte) {
		m, types, err := Find(t.Context(), always(described), "shop.Shop", "Buy")
		if err != nil {
			return
		}
		got := dynamicpb.NewMessage(m.Output())
		if proto.Unmarshal(answer, got) != nil {
			return
		}
		text, err := protojson.MarshalOptions{Resolver: types}.Marshal(got)
		if err == nil {
			_ = protojson.UnmarshalOptions{Resolver: types}.Unmarshal(text, dynamicpb.NewMessage(m.Output()))
		}
	})
}
