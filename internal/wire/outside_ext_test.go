package wire_test

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// externalChanges touch what is used from files that are not ours.
func externalChanges() []change {
	return []change{
		{
			name: "external type more",
			change: func(s *set) {
				f := s.field("flyteidl2.workflow.ActionStatus", "end_time")
				f.TypeName = proto.String(".google.protobuf.Duration")
				s.imports("flyteidl2/workflow/run_definition.proto", "google/protobuf/duration.proto")
			},
			want: []string{"changed: field flyteidl2.workflow.ActionStatus 3: type is google.protobuf.Duration, want google.protobuf.Timestamp"},
		},
		{
			name:   "external file imported for nothing",
			change: func(s *set) { s.imports(clusterProto, "google/protobuf/descriptor.proto") },
			want:   []string{"extra: external google/protobuf/descriptor.proto -"},
		},
		{
			name: "external type used",
			change: func(s *set) {
				s.imports("flyteidl2/cluster/service.proto", "google/protobuf/descriptor.proto")
				s.method("flyteidl2.cluster.ClusterService", "SelectCluster").OutputType = proto.String(".google.protobuf.FileOptions")
			},
			want: []string{
				"changed: rpc flyteidl2.cluster.ClusterService SelectCluster: response is google.protobuf.FileOptions, " +
					"want flyteidl2.cluster.SelectClusterResponse",
				"extra: external google/protobuf/descriptor.proto google.protobuf.FileOptions",
			},
		},
	}
}

// otherChanges do what the contract never does.
func otherChanges() []change {
	return []change{
		{
			name:   "JSON name of its own",
			change: func(s *set) { s.field(selectRequest, "org_id").JsonName = proto.String("organisation") },
			want:   []string{"extra: other " + selectRequest + ".org_id json_name organisation"},
		},
		{
			name:   "extension of options",
			change: func(s *set) { f := s.file(clusterProto); f.Extension = append(f.Extension, s.extension(clusterProto)) },
			want: []string{
				"extra: external google/protobuf/descriptor.proto -",
				"extra: other flyteidl2.cluster.mark extension",
			},
		},
		{
			name: "extension inside a message",
			change: func(s *set) {
				m := s.message(selectRequest)
				m.Extension = append(m.Extension, s.extension(clusterProto))
			},
			want: []string{
				"extra: external google/protobuf/descriptor.proto -",
				"extra: other " + selectRequest + ".mark extension",
			},
		},
		{
			name: "enum alias",
			change: func(s *set) {
				e := s.enum(operation)
				e.Options = &descriptorpb.EnumOptions{AllowAlias: proto.Bool(true)}
				e.Value = append(e.Value, &descriptorpb.EnumValueDescriptorProto{Name: proto.String("OPERATION_ALIAS"), Number: proto.Int32(6)})
			},
			want: []string{"extra: other " + operation + " alias OPERATION_ALIAS"},
		},
		{
			name: "unpacked numbers",
			change: func(s *set) {
				f := s.field("flyteidl2.workflow.ActionStatus", "duration_ms")
				f.Options = &descriptorpb.FieldOptions{Packed: proto.Bool(false)}
				f.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
				f.Proto3Optional, f.OneofIndex = nil, nil
				m := s.message("flyteidl2.workflow.ActionStatus")
				m.OneofDecl = slices.DeleteFunc(m.OneofDecl, named[*descriptorpb.OneofDescriptorProto]("_duration_ms"))
			},
			want: []string{
				"changed: field flyteidl2.workflow.ActionStatus 6: label is repeated, want optional",
				"extra: other flyteidl2.workflow.ActionStatus.duration_ms packed=false",
			},
		},
	}
}

// extension makes one that a file at path may hold: proto3 extends options only.
func (s *set) extension(path string) *descriptorpb.FieldDescriptorProto {
	s.imports(path, "google/protobuf/descriptor.proto")
	return &descriptorpb.FieldDescriptorProto{
		Name: proto.String("mark"), JsonName: proto.String("mark"), Number: proto.Int32(50001),
		Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(), Type: descriptorpb.FieldDescriptorProto_TYPE_BOOL.Enum(),
		Extendee: proto.String(".google.protobuf.FieldOptions"),
	}
}
