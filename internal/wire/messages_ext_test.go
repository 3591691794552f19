package wire_test

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// messageChanges touch whole messages.
func messageChanges() []change {
	return []change{
		{
			name: "message more",
			change: func(s *set) {
				f := s.file(clusterProto)
				f.MessageType = append(f.MessageType, &descriptorpb.DescriptorProto{Name: proto.String("More")})
			},
			want: []string{"extra: message flyteidl2.cluster.More " + clusterProto + " -"},
		},
		{
			name: "message gone",
			change: func(s *set) {
				f := s.file("flyteidl/admin/project.proto")
				f.MessageType = slices.DeleteFunc(f.MessageType, named[*descriptorpb.DescriptorProto]("GetDomainRequest"))
			},
			want: []string{"missing: message flyteidl.admin.GetDomainRequest flyteidl/admin/project.proto -"},
		},
		{
			name: "message in another file",
			change: func(s *set) {
				from, to := s.file("flyteidl/admin/project.proto"), s.file("flyteidl/admin/version.proto")
				i := slices.IndexFunc(from.MessageType, named[*descriptorpb.DescriptorProto]("GetDomainRequest"))
				to.MessageType = append(to.MessageType, from.MessageType[i])
				from.MessageType = slices.Delete(from.MessageType, i, i+1)
			},
			want: []string{"changed: message flyteidl.admin.GetDomainRequest: file is flyteidl/admin/version.proto, want flyteidl/admin/project.proto"},
		},
		{
			name: "message deprecated",
			change: func(s *set) {
				s.message(selectRequest).Options = &descriptorpb.MessageOptions{Deprecated: proto.Bool(true)}
			},
			want: []string{"changed: message " + selectRequest + ": deprecation is deprecated, want -"},
		},
	}
}

// fieldChanges touch their fields.
func fieldChanges() []change {
	return []change{
		{
			name:   "field renamed",
			change: func(s *set) { rename(s.field(selectRequest, "org_id"), "organisation_id") },
			want:   []string{"changed: field " + selectRequest + " 1: name is organisation_id, want org_id"},
		},
		{
			name:   "field renumbered",
			change: func(s *set) { s.field(selectRequest, "operation").Number = proto.Int32(80) },
			want: []string{
				"extra: field " + selectRequest + " 80 operation " + operation + " singular - -",
				"missing: field " + selectRequest + " 8 operation " + operation + " singular - -",
			},
		},
		{
			name: "field gone",
			change: func(s *set) {
				m := s.message(run)
				m.Field = slices.DeleteFunc(m.Field, named[*descriptorpb.FieldDescriptorProto]("labels"))
			},
			want: []string{"missing: field " + run + " 2 labels map<string,string> map - -"},
		},
		{
			name: "field more",
			change: func(s *set) {
				m := s.message("flyteidl.admin.Domain")
				m.Field = append(m.Field, &descriptorpb.FieldDescriptorProto{
					Name: proto.String("extra_name"), JsonName: proto.String("extraName"), Number: proto.Int32(3),
					Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(), Type: descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum(),
				})
			},
			want: []string{"extra: field flyteidl.admin.Domain 3 extra_name string singular - -"},
		},
		{
			name: "field of another type",
			change: func(s *set) {
				s.field("flyteidl.admin.Domain", "id").Type = descriptorpb.FieldDescriptorProto_TYPE_BYTES.Enum()
			},
			want: []string{"changed: field flyteidl.admin.Domain 1: type is bytes, want string"},
		},
		{
			name: "map of another type",
			change: func(s *set) {
				s.field(run+".LabelsEntry", "value").Type = descriptorpb.FieldDescriptorProto_TYPE_BYTES.Enum()
			},
			want: []string{"changed: field " + run + " 2: type is map<string,bytes>, want map<string,string>"},
		},
		{
			name: "field repeated",
			change: func(s *set) {
				s.field("flyteidl.admin.Domain", "id").Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
			},
			want: []string{"changed: field flyteidl.admin.Domain 1: label is repeated, want singular"},
		},
		{
			name: "field optional",
			change: func(s *set) {
				m := s.message("flyteidl.admin.Domain")
				m.OneofDecl = append(m.OneofDecl, &descriptorpb.OneofDescriptorProto{Name: proto.String("_id")})
				f := s.field("flyteidl.admin.Domain", "id")
				f.Proto3Optional, f.OneofIndex = proto.Bool(true), proto.Int32(0)
			},
			want: []string{"changed: field flyteidl.admin.Domain 1: label is optional, want singular"},
		},
		{
			name:   "field out of its oneof",
			change: func(s *set) { s.field(selectRequest, "org_id").OneofIndex = nil },
			want:   []string{"changed: field " + selectRequest + " 1: oneof is -, want resource"},
		},
		{
			name: "field deprecated",
			change: func(s *set) {
				s.field(selectRequest, "org_id").Options = &descriptorpb.FieldOptions{Deprecated: proto.Bool(true)}
			},
			want: []string{"changed: field " + selectRequest + " 1: deprecation is deprecated, want -"},
		},
	}
}
