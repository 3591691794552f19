package gateway_test

import (
	"strings"
	"testing"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/jetway-go/jetway/integration/gateway/echopb"
	"github.com/jetway-go/jetway/interceptors/httprule"
)

// gateways are those with the settings that change what they read and write.
func gateways() map[string][]runtime.ServeMuxOption {
	marshaler := func(m protojson.MarshalOptions) runtime.ServeMuxOption {
		return runtime.WithMarshalerOption(runtime.MIMEWildcard, &runtime.HTTPBodyMarshaler{Marshaler: &runtime.JSONPb{MarshalOptions: m}})
	}
	return map[string][]runtime.ServeMuxOption{
		"as it comes":         nil,
		"proto names":         {marshaler(protojson.MarshalOptions{UseProtoNames: true})},
		"all fields, numbers": {marshaler(protojson.MarshalOptions{EmitUnpopulated: true, UseEnumNumbers: true, Multiline: true})},
	}
}

// everything is a message with a value of every kind.
const everything = `
id: "i d/ü?#%2F+:&=" book { name: "n" page_count: 9007199254740993 next { name: "x" next { page_count: -1 } } }
tags: ["b", "a", "", "b"] labels { key: "a.b" value: "1" } labels { key: "" value: "" } labels { key: "c]d" value: "ü&=" }
kind: KIND_ATLAS kinds: [KIND_NOVEL, KIND_NONE, KIND_ATLAS] data: "\xfb\xff\xfe!\x00" made_at { seconds: -62135596800 } ttl { seconds: -90 nanos: -500000000 }
mask { paths: ["page_count", "book.name"] } big { value: 18446744073709551615 } raw { value: "\xff" } text { value: "" } maybe {} share { value: -0.5 } small { value: -7 }
note: "" count: 0 i32: -2147483648 i64: -9223372036854775808 u32: 4294967295 u64: 18446744073709551615 s64: -1 f32: 7 flag: true ratio: 1e300 weight: 0.1
counts: [1, -9223372036854775808, 0] flags: [true, false] blobs: ["a", "", "\xff"] times { seconds: 1 nanos: 5000 } times {}
by_number { key: -5 value: "minus" } numbers { key: "k" value: 9007199254740993 } by_flag { key: true value: 0.5 }
chosen_number: 0 renamed_field: "r" HTTPName: "h"`

// more is what a query cannot have, or a gateway does not read there.
const more = `
books { name: "a" } books {} spec { fields { key: "k_K" value { list_value { values { null_value: 0 } values { number_value: 1.5 } } } } }
value { string_value: "s" } values { values { bool_value: true } } any { [type.googleapis.com/jetway.gateway.Book] { name: "in any" } }
by_name { key: "x" value { page_count: 3 } } kind_of { key: "a" value: KIND_NOVEL } wrapped { value: 5 } wrapped {}`

func item(t *testing.T, text string) *echopb.Item {
	t.Helper()
	m := &echopb.Item{}
	if err := prototext.Unmarshal([]byte(text), m); err != nil {
		t.Fatal(err)
	}
	return m
}

// method returns the descriptor of a method of Echo.
func method(name string) protoreflect.MethodDescriptor {
	return echopb.File_echo_proto.Services().ByName("Echo").Methods().ByName(protoreflect.Name(name))
}

// call calls a method both ways and returns what came.
func (b *both) call(t *testing.T, name string, in proto.Message, opts ...httprule.Option) (direct, routed proto.Message, directErr, routedErr error) {
	t.Helper()
	out := method(name).Output()
	direct, routed = dynamicpb.NewMessage(out), dynamicpb.NewMessage(out)
	path := "/jetway.gateway.Echo/" + name
	directErr = b.grpc.Invoke(t.Context(), path, in, direct)
	routedErr = b.http(opts...).Invoke(t.Context(), path, in, routed)
	return direct, routed, directErr, routedErr
}

// calls are requests of every method, as text.
func calls() map[string][]string {
	return map[string][]string{
		"Literal":       {"", everything},
		"Root":          {"", everything},
		"Field":         {`id: "a"`, `id: "a b+c%20ü~._-" i64: 5`, `id: "b" ` + strings.Replace(everything, `id: "i d/ü?#%2F+:&="`, "", 1)},
		"One":           {`id: "a"`, `id: "a b?#"`},
		"Nested":        {`book { next { name: "n" page_count: 7 } name: "q" } id: "i"`},
		"Pattern":       {`id: "shelves/a b/books/c"`},
		"PatternVerb":   {`id: "shelves/1" tags: "t"`},
		"Many":          {`id: "files/a/b c/d"`, `id: "files/a"`},
		"OnlyMany":      {`id: "a/b/ü"`, `id: "a"`},
		"ManyVerb":      {`id: "a/b"`},
		"Two":           {`book { name: "teams/x" } id: "runs/y z" i64: 1`},
		"Verb":          {`id: "a" i32: 1`},
		"LiteralVerb":   {everything + more},
		"Typed":         {`i32: -1 i64: -9223372036854775808 u32: 1 u64: 18446744073709551615 s64: -5 f32: 7 flag: true kind: KIND_ATLAS ratio: 0.5 weight: -1e20`, ``},
		"Times":         {`made_at { seconds: 1 nanos: 5000 } ttl { seconds: 90 } big { value: 7 } raw { value: "\xfb\xff" }`},
		"Remove":        {`id: "a" flag: true tags: "t"`},
		"Purge":         {`id: "a" labels { key: "k" value: "v" }`},
		"All":           {"", everything, everything + more},
		"AllBesidePath": {`book { name: "n" page_count: 4 } i64: 3 id: "i"`, `book { name: "n" }` + more},
		"BodyMessage":   {`id: "a" book { name: "n" } tags: "t"`, `id: "a"`, `id: "a" book {}`},
		"BodyText":      {`id: "q\"ü" i64: 1`, `i64: 1`},
		"BodyNumber":    {`i64: 9007199254740993 id: "x"`, ``},
		"BodyEnum":      {`kind: KIND_ATLAS id: "x"`, ``},
		"BodyList":      {`books { name: "a" } books {} id: "x"`, ``},
		"BodyTexts":     {`tags: ["a", "", "ü"] id: "x"`, ``},
		"BodyMap":       {`labels { key: "a.b" value: "1" } id: "x"`, ``},
		"BodyTime":      {`made_at { seconds: 1 nanos: 7 } id: "x"`, ``},
		"BodyStruct":    {`spec { fields { key: "k_K" value { number_value: 1 } } } id: "x"`, `spec {}`, ``},
		"BodyWrapper":   {`big { value: 18446744073709551615 } id: "x"`, `big {}`, ``},
		"AnswerMessage": {`book { name: "n" page_count: 9007199254740993 }`, `book {}`},
		"AnswerList":    {`books { name: "a" } books {}`, ``},
		"AnswerTexts":   {`tags: ["a", "", "ü"]`, ``},
		"AnswerText":    {`id: "q\"ü"`, ``},
		"AnswerNumber":  {`i32: -7`, ``},
		"AnswerMap":     {`labels { key: "a.b" value: "1" }`, ``},
		"BodyEnums":     {`kinds: [KIND_NOVEL, KIND_NONE] id: "x"`, ``},
		"BodyCounts":    {`counts: [1, -9223372036854775808] id: "x"`, ``},
		"BodyNumbers":   {`numbers { key: "1" value: 9007199254740993 } numbers { key: "\"" value: -1 } id: "x"`, ``},
		"BodyEnumMap":   {`kind_of { key: "a" value: KIND_ATLAS } id: "x"`, ``},
		"BodyData":      {`data: "\xfb\xff\xfe!" id: "x"`, ``},
		"BodyFlag":      {`flag: true id: "x"`, ``},
		"BodyFloat":     {`ratio: -1e300 id: "x"`, ``},
		"BodyNote":      {`note: "" id: "x"`, `note: "n"`},
		"BodyTimeList":  {`times { seconds: 1 nanos: 5000 } times {} id: "x"`, ``},
		"AnswerBig":     {`i64: -9223372036854775808`, ``},
		"AnswerEnum":    {`kind: KIND_ATLAS`, ``},
		"AnswerEnums":   {`kinds: [KIND_NOVEL, KIND_NONE]`, ``},
		"AnswerCounts":  {`counts: [1, 9223372036854775807]`, ``},
		"AnswerNumbers": {`numbers { key: "1" value: 9007199254740993 }`, ``},
		"AnswerEnumMap": {`kind_of { key: "a" value: KIND_ATLAS }`, ``},
		"AnswerData":    {`data: "\xfb\xff\xfe!"`, ``},
		"AnswerTime":    {`made_at { seconds: 1 nanos: 7 }`},
		"AnswerWrapper": {`big { value: 18446744073709551615 }`},
		"AnswerStruct":  {`spec { fields { key: "k_K" value { number_value: 1 } } }`},
		"AnswerTimes":   {`times { seconds: 1 } times {}`, ``},
		"AnswerRaw":     {`id: "a"`},
		"Several":       {`id: "a" i64: 3`},
		"Nothing":       {`id: "a"`},
	}
}

func TestTheSameCallGivesTheSameAnswerOverGRPCAndHTTP(t *testing.T) {
	t.Parallel()
	for setting, opts := range gateways() {
		b := serve(t, opts...)
		for name, texts := range calls() {
			for _, text := range texts {
				for form, opts := range map[string][]httprule.Option{"": nil, ", JSON names": {httprule.WithJSONNames()}} {
					in := item(t, text)
					direct, routed, directErr, routedErr := b.call(t, name, in, opts...)
					if directErr != nil || routedErr != nil {
						t.Errorf("%s%s: %s of %v: %v over gRPC, %v over HTTP", setting, form, name, in, directErr, routedErr)
						continue
					}
					if want := asAnswered(name, direct); !proto.Equal(want, plain(name, routed)) {
						t.Errorf("%s%s: %s of\n%v, over HTTP\n%v", setting, form, name, want, routed)
					}
				}
			}
		}
	}
}

// asAnswered returns what an answer of gRPC is over HTTP, where that cannot be the same.
func asAnswered(name string, whole proto.Message) proto.Message {
	m := proto.Clone(whole).ProtoReflect()
	field := method(name).Options().ProtoReflect()
	rule, _ := proto.GetExtension(field.Interface(), annotations.E_Http).(*annotations.HttpRule)
	if f := m.Descriptor().Fields().ByName(protoreflect.Name(rule.GetResponseBody())); f != nil {
		only := m.New() // a rule's response_body is all that comes
		if m.Has(f) {
			only.Set(f, m.Get(f))
		}
		return only.Interface()
	}
	if f := m.Descriptor().Fields().ByName(protoreflect.Name(rule.GetBody())); f != nil && f.Message() != nil && !f.IsList() && !f.IsMap() {
		m.Mutable(f) // an empty body is an empty message
	}
	return m.Interface()
}

// plain removes what gateways add by themselves: null for a Value that is not set, and the
// field mask of a PATCH.
func plain(name string, got proto.Message) proto.Message {
	m := got.ProtoReflect()
	fields := m.Descriptor().Fields()
	if f := fields.ByName("value"); f != nil && f.Message() != nil && m.Has(f) {
		kind := m.Get(f).Message()
		if kind.Has(kind.Descriptor().Fields().ByName("null_value")) {
			m.Clear(f)
		}
	}
	if name == "BodyMessage" {
		m.Clear(fields.ByName("mask"))
	}
	return got
}

func TestEveryMethodIsCalled(t *testing.T) {
	t.Parallel()
	b := serve(t)
	methods := echopb.File_echo_proto.Services().ByName("Echo").Methods()
	for i := range methods.Len() {
		switch name := string(methods.Get(i).Name()); name {
		case "Hidden", "Watch": // which HTTP cannot carry
			if _, _, _, err := b.call(t, name, &echopb.Item{}); status.Code(err) != codes.Unimplemented {
				t.Errorf("%s: %v", name, err)
			}
		case "Fail", "BodyRaw", "BodyWholeRaw": // they have tests of their own
		default:
			if len(calls()[name]) == 0 {
				t.Errorf("%s is not called", name)
			}
		}
	}
}
