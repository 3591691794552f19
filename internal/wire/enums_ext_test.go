package wire_test

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// enumChanges touch enums and their values.
func enumChanges() []change {
	return []change{
		{
			name: "enum type in another place",
			change: func(s *set) {
				from, to := s.message(selectRequest), s.file(clusterProto)
				to.EnumType = append(to.EnumType, &descriptorpb.EnumDescriptorProto{
					Name: proto.String("Lonely"), Value: []*descriptorpb.EnumValueDescriptorProto{{Name: proto.String("LONELY"), Number: proto.Int32(0)}},
				})
				from.EnumType[0].Options = &descriptorpb.EnumOptions{Deprecated: proto.Bool(true)}
			},
			want: []string{
				"changed: enumtype " + operation + ": deprecation is deprecated, want -",
				"extra: enum flyteidl2.cluster.Lonely 0 LONELY -",
				"extra: enumtype flyteidl2.cluster.Lonely " + clusterProto + " -",
			},
		},
		{
			name:   "enum value renamed",
			change: func(s *set) { s.value(operation, "OPERATION_TAIL_LOGS").Name = proto.String("OPERATION_LOGS") },
			want:   []string{"changed: enum " + operation + " 6: name is OPERATION_LOGS, want OPERATION_TAIL_LOGS"},
		},
		{
			name:   "enum value renumbered",
			change: func(s *set) { s.value(operation, "OPERATION_TAIL_LOGS").Number = proto.Int32(60) },
			want: []string{
				"extra: enum " + operation + " 60 OPERATION_TAIL_LOGS -",
				"missing: enum " + operation + " 6 OPERATION_TAIL_LOGS -",
			},
		},
		{
			name: "enum value deprecated",
			change: func(s *set) {
				s.value(operation, "OPERATION_TAIL_LOGS").Options = &descriptorpb.EnumValueOptions{Deprecated: proto.Bool(true)}
			},
			want: []string{"changed: enum " + operation + " 6: deprecation is deprecated, want -"},
		},
	}
}

// reservedChanges touch numbers and names that must not come back.
func reservedChanges() []change {
	return []change{
		{
			name:   "reserved range gone",
			change: func(s *set) { s.message("flyteidl2.core.ArtifactBindingData").ReservedRange = nil },
			want:   []string{"missing: reserved flyteidl2.core.ArtifactBindingData 1-4"},
		},
		{
			name: "reserved range shortened",
			change: func(s *set) {
				s.message("flyteidl2.core.ArtifactBindingData").ReservedRange[0].End = proto.Int32(4) // exclusive
			},
			want: []string{
				"extra: reserved flyteidl2.core.ArtifactBindingData 1-3",
				"missing: reserved flyteidl2.core.ArtifactBindingData 1-4",
			},
		},
		{
			name:   "reserved name gone",
			change: func(s *set) { s.message("flyteidl2.task.RunSpec").ReservedName = nil },
			want:   []string{"missing: reserved flyteidl2.task.RunSpec name:cluster"},
		},
		{
			name: "reserved in an enum",
			change: func(s *set) {
				e := s.enum(operation)
				e.ReservedRange = append(e.ReservedRange,
					&descriptorpb.EnumDescriptorProto_EnumReservedRange{Start: proto.Int32(90), End: proto.Int32(99)}) // inclusive
				e.ReservedName = append(e.ReservedName, "OPERATION_OLD")
			},
			want: []string{"extra: reserved " + operation + " 90-99", "extra: reserved " + operation + " name:OPERATION_OLD"},
		},
	}
}
