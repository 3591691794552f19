package wire_test

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// serviceChanges touch services.
func serviceChanges() []change {
	return []change{
		{
			name: "service deprecated",
			change: func(s *set) {
				s.service(runService).Options = &descriptorpb.ServiceOptions{Deprecated: proto.Bool(true)}
			},
			want: []string{"changed: service " + runService + ": deprecation is deprecated, want -"},
		},
		{
			name: "service more",
			change: func(s *set) {
				f := s.file(clusterProto)
				f.Service = append(f.Service, &descriptorpb.ServiceDescriptorProto{Name: proto.String("Second")})
			},
			want: []string{"extra: service flyteidl2.cluster.Second " + clusterProto + " -"},
		},
		{
			name: "service renamed",
			change: func(s *set) {
				s.service("flyteidl2.cluster.ClusterService").Name = proto.String("Clusters")
			},
			want: []string{
				"extra: rpc flyteidl2.cluster.Clusters SelectCluster flyteidl2.cluster.SelectClusterRequest flyteidl2.cluster.SelectClusterResponse unary - -",
				"extra: service flyteidl2.cluster.Clusters flyteidl2/cluster/service.proto -",
				"missing: rpc flyteidl2.cluster.ClusterService SelectCluster flyteidl2.cluster.SelectClusterRequest flyteidl2.cluster.SelectClusterResponse unary - -",
				"missing: service flyteidl2.cluster.ClusterService flyteidl2/cluster/service.proto -",
			},
		},
	}
}

// rpcChanges touch their methods.
func rpcChanges() []change {
	return []change{
		{
			name: "rpc gone",
			change: func(s *set) {
				svc := s.service(runService)
				svc.Method = slices.DeleteFunc(svc.Method, named[*descriptorpb.MethodDescriptorProto]("AbortRun"))
			},
			want: []string{"missing: rpc " + runService + " AbortRun flyteidl2.workflow.AbortRunRequest flyteidl2.workflow.AbortRunResponse unary - -"},
		},
		{
			name: "rpc takes another request",
			change: func(s *set) {
				s.method(runService, "AbortRun").InputType = proto.String(".flyteidl2.workflow.AbortActionRequest")
			},
			want: []string{"changed: rpc " + runService +
				" AbortRun: request is flyteidl2.workflow.AbortActionRequest, want flyteidl2.workflow.AbortRunRequest"},
		},
		{
			name:   "rpc no longer streams",
			change: func(s *set) { s.method(runService, "WatchRuns").ServerStreaming = nil },
			want:   []string{"changed: rpc " + runService + " WatchRuns: streaming is unary, want server_stream"},
		},
		{
			name:   "rpc streams both ways",
			change: func(s *set) { s.method(runService, "WatchRuns").ClientStreaming = proto.Bool(true) },
			want:   []string{"changed: rpc " + runService + " WatchRuns: streaming is bidi_stream, want server_stream"},
		},
		{
			name:   "rpc streams up",
			change: func(s *set) { s.method(runService, "AbortRun").ClientStreaming = proto.Bool(true) },
			want:   []string{"changed: rpc " + runService + " AbortRun: streaming is client_stream, want unary"},
		},
		{
			name:   "rpc no longer deprecated",
			change: func(s *set) { s.method(runService, "GetActionData").Options.Deprecated = nil },
			want:   []string{"changed: rpc " + runService + " GetActionData: deprecation is -, want deprecated"},
		},
		{
			name:   "rpc loses its idempotency",
			change: func(s *set) { s.method(runService, "GetActionData").Options.IdempotencyLevel = nil },
			want:   []string{"changed: rpc " + runService + " GetActionData: idempotency is -, want no_side_effects"},
		},
		{
			name: "rpc gains idempotency",
			change: func(s *set) {
				s.method(runService, "AbortRun").Options = &descriptorpb.MethodOptions{IdempotencyLevel: descriptorpb.MethodOptions_IDEMPOTENT.Enum()}
			},
			want: []string{"changed: rpc " + runService + " AbortRun: idempotency is idempotent, want -"},
		},
	}
}
