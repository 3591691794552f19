package follow

import (
	"google.golang.org/grpc"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// batch is some lines of one container.
type batch struct {
	lines     []*dataplanepb.LogLine
	container *dataplanepb.ContainerIdentifier
}

// proxyStream reads DataProxyService.
type proxyStream struct {
	stream grpc.ServerStreamingClient[dataproxypb.TailLogsResponse]
	buffer []batch // of the last message
}

// Recv returns batches that hold until the next call; their lines stay.
func (s *proxyStream) Recv() ([]batch, error) {
	m, err := s.stream.Recv()
	s.buffer = s.buffer[:0]
	for _, l := range m.GetLogs() {
		s.buffer = append(s.buffer, batch{l.GetLines(), l.GetContainer()})
	}
	return s.buffer, err
}

// olderStream reads RunLogsService.
type olderStream struct {
	stream grpc.ServerStreamingClient[workflowpb.TailLogsResponse]
	buffer []batch
}

// Recv is that of proxyStream.
func (s *olderStream) Recv() ([]batch, error) {
	m, err := s.stream.Recv()
	s.buffer = s.buffer[:0]
	for _, l := range m.GetLogs() {
		s.buffer = append(s.buffer, batch{lines: l.GetLines()})
	}
	return s.buffer, err
}
