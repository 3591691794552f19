package httprule_test

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	_ "google.golang.org/genproto/googleapis/api/annotations" // what the file below imports
	_ "google.golang.org/genproto/googleapis/api/httpbody"
	_ "google.golang.org/protobuf/types/known/anypb"
	_ "google.golang.org/protobuf/types/known/durationpb"
	_ "google.golang.org/protobuf/types/known/emptypb"
	_ "google.golang.org/protobuf/types/known/fieldmaskpb"
	_ "google.golang.org/protobuf/types/known/structpb"
	_ "google.golang.org/protobuf/types/known/timestamppb"
	_ "google.golang.org/protobuf/types/known/wrapperspb"
)

const call = "/library.Library/Call"

// library is a file with one message that has every kind of field, and a method with the
// rule that is filled in.
const library = `
name: "library.proto" package: "library" syntax: "proto3"
dependency: ["google/api/annotations.proto", "google/api/httpbody.proto", "google/protobuf/any.proto",
  "google/protobuf/duration.proto", "google/protobuf/empty.proto", "google/protobuf/field_mask.proto", "google/protobuf/struct.proto",
  "google/protobuf/timestamp.proto", "google/protobuf/wrappers.proto"]
enum_type { name: "Kind" value { name: "NONE" number: 0 } value { name: "NOVEL" number: 1 } value { name: "ATLAS" number: 2 } }
message_type { name: "Book"
  field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "page_count" number: 2 type: TYPE_INT64 label: LABEL_OPTIONAL }
  field { name: "next" number: 3 type: TYPE_MESSAGE type_name: ".library.Book" label: LABEL_OPTIONAL }
}
message_type { name: "Item"
  field { name: "id" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "number" number: 2 type: TYPE_INT64 label: LABEL_OPTIONAL }
  field { name: "book" number: 3 type: TYPE_MESSAGE type_name: ".library.Book" label: LABEL_OPTIONAL }
  field { name: "tags" number: 4 type: TYPE_STRING label: LABEL_REPEATED }
  field { name: "labels" number: 5 type: TYPE_MESSAGE type_name: ".library.Item.LabelsEntry" label: LABEL_REPEATED }
  field { name: "kind" number: 6 type: TYPE_ENUM type_name: ".library.Kind" label: LABEL_OPTIONAL }
  field { name: "kinds" number: 7 type: TYPE_ENUM type_name: ".library.Kind" label: LABEL_REPEATED }
  field { name: "data" number: 8 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "made_at" number: 9 type: TYPE_MESSAGE type_name: ".google.protobuf.Timestamp" label: LABEL_OPTIONAL }
  field { name: "ttl" number: 10 type: TYPE_MESSAGE type_name: ".google.protobuf.Duration" label: LABEL_OPTIONAL }
  field { name: "mask" number: 11 type: TYPE_MESSAGE type_name: ".google.protobuf.FieldMask" label: LABEL_OPTIONAL }
  field { name: "big" number: 12 type: TYPE_MESSAGE type_name: ".google.protobuf.UInt64Value" label: LABEL_OPTIONAL }
  field { name: "raw" number: 13 type: TYPE_MESSAGE type_name: ".google.protobuf.BytesValue" label: LABEL_OPTIONAL }
  field { name: "note" number: 14 type: TYPE_STRING label: LABEL_OPTIONAL proto3_optional: true oneof_index: 0 }
  field { name: "ratio" number: 15 type: TYPE_DOUBLE label: LABEL_OPTIONAL }
  field { name: "any" number: 16 type: TYPE_MESSAGE type_name: ".google.protobuf.Any" label: LABEL_OPTIONAL }
  field { name: "books" number: 17 type: TYPE_MESSAGE type_name: ".library.Book" label: LABEL_REPEATED }
  field { name: "flag" number: 18 type: TYPE_BOOL label: LABEL_OPTIONAL }
  field { name: "times" number: 19 type: TYPE_MESSAGE type_name: ".google.protobuf.Timestamp" label: LABEL_REPEATED }
  field { name: "spec" number: 20 type: TYPE_MESSAGE type_name: ".google.protobuf.Struct" label: LABEL_OPTIONAL }
  field { name: "file" number: 21 type: TYPE_MESSAGE type_name: ".google.api.HttpBody" label: LABEL_OPTIONAL }
  field { name: "weight" number: 22 type: TYPE_FLOAT label: LABEL_OPTIONAL }
  field { name: "value" number: 23 type: TYPE_MESSAGE type_name: ".google.protobuf.Value" label: LABEL_OPTIONAL }
  field { name: "counts" number: 24 type: TYPE_INT64 label: LABEL_REPEATED }
  field { name: "numbers" number: 25 type: TYPE_MESSAGE type_name: ".library.Item.NumbersEntry" label: LABEL_REPEATED }
  field { name: "void" number: 26 type: TYPE_MESSAGE type_name: ".google.protobuf.Empty" label: LABEL_OPTIONAL }
  oneof_decl { name: "_note" }
  nested_type { name: "NumbersEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "value" number: 2 type: TYPE_INT64 label: LABEL_OPTIONAL }
  }
  nested_type { name: "LabelsEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "value" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL }
  }
}
service { name: "Library"
  method { name: "Call" input_type: ".library.Item" output_type: ".library.Item" %s }
  method { name: "Watch" input_type: ".library.Item" output_type: ".library.Item" server_streaming: true
    options { [google.api.http] { get: "/watch" } } }
}`

// withRule returns the library with a rule, and its item as text has it.
func withRule(tb testing.TB, rule string) (files *protoregistry.Files, item protoreflect.MessageDescriptor) {
	tb.Helper()
	option := ""
	if rule != "" {
		option = "options { [google.api.http] { " + rule + " } }"
	}
	file := &descriptorpb.FileDescriptorProto{}
	if err := prototext.Unmarshal(fmt.Appendf(nil, library, option), file); err != nil {
		tb.Fatal(err)
	}
	return register(tb, file)
}

func register(tb testing.TB, file *descriptorpb.FileDescriptorProto) (*protoregistry.Files, protoreflect.MessageDescriptor) {
	tb.Helper()
	desc, err := protodesc.NewFile(file, protoregistry.GlobalFiles)
	if err != nil {
		tb.Fatal(err)
	}
	files := &protoregistry.Files{}
	if err := files.RegisterFile(desc); err != nil {
		tb.Fatal(err)
	}
	return files, desc.Messages().ByName("Item")
}

func newItem(tb testing.TB, desc protoreflect.MessageDescriptor, text string) proto.Message {
	tb.Helper()
	m := dynamicpb.NewMessage(desc)
	if err := prototext.Unmarshal([]byte(text), m); err != nil {
		tb.Fatal(err)
	}
	return m
}
