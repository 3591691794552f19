package wire_test

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// fileChanges add, remove and move whole files.
func fileChanges() []change {
	return []change{
		{
			name:   "file in another syntax",
			change: func(s *set) { s.file("flyteidl/admin/version.proto").Syntax = proto.String("proto2") },
			want: []string{
				"changed: field flyteidl.admin.GetVersionResponse 1: label is optional, want singular",
				"changed: field flyteidl.admin.Version 1: label is optional, want singular",
				"changed: field flyteidl.admin.Version 2: label is optional, want singular",
				"changed: field flyteidl.admin.Version 3: label is optional, want singular",
				"changed: file flyteidl/admin/version.proto: syntax is proto2, want proto3",
			},
		},
		{
			name: "file more",
			change: func(s *set) {
				s.files = append(s.files, &descriptorpb.FileDescriptorProto{
					Name: proto.String("flyteidl2/more.proto"), Package: proto.String("flyteidl2"), Syntax: proto.String("proto3"),
				})
			},
			want: []string{"extra: file flyteidl2/more.proto flyteidl2 proto3"},
		},
		{
			name:   "file gone",
			change: func(s *set) { s.remove("flyteidl2/workflow/run_logs_service.proto") },
			want: []string{
				"missing: field flyteidl2.workflow.TailLogsRequest 1 action_id flyteidl2.common.ActionIdentifier singular - -",
				"missing: field flyteidl2.workflow.TailLogsRequest 2 attempt uint32 singular - -",
				"missing: field flyteidl2.workflow.TailLogsResponse 1 logs flyteidl2.workflow.TailLogsResponse.Logs repeated - -",
				"missing: field flyteidl2.workflow.TailLogsResponse.Logs 1 lines flyteidl2.logs.dataplane.LogLine repeated - -",
				"missing: file flyteidl2/workflow/run_logs_service.proto flyteidl2.workflow proto3",
				"missing: message flyteidl2.workflow.TailLogsRequest flyteidl2/workflow/run_logs_service.proto -",
				"missing: message flyteidl2.workflow.TailLogsResponse flyteidl2/workflow/run_logs_service.proto -",
				"missing: message flyteidl2.workflow.TailLogsResponse.Logs flyteidl2/workflow/run_logs_service.proto -",
				"missing: rpc flyteidl2.workflow.RunLogsService TailLogs flyteidl2.workflow.TailLogsRequest " +
					"flyteidl2.workflow.TailLogsResponse server_stream deprecated no_side_effects",
				"missing: service flyteidl2.workflow.RunLogsService flyteidl2/workflow/run_logs_service.proto -",
			},
		},
		{
			name:   "file moved",
			change: func(s *set) { s.rename("flyteidl/admin/version.proto", "flyteidl/admin/v.proto") },
			want: []string{
				"changed: message flyteidl.admin.GetVersionRequest: file is flyteidl/admin/v.proto, want flyteidl/admin/version.proto",
				"changed: message flyteidl.admin.GetVersionResponse: file is flyteidl/admin/v.proto, want flyteidl/admin/version.proto",
				"changed: message flyteidl.admin.Version: file is flyteidl/admin/v.proto, want flyteidl/admin/version.proto",
				"extra: file flyteidl/admin/v.proto flyteidl.admin proto3",
				"missing: file flyteidl/admin/version.proto flyteidl.admin proto3",
			},
		},
	}
}
