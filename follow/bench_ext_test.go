package follow_test

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/jetway-go/jetway/follow"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// loud is a data proxy that sends one message again and again.
type loud struct {
	dataproxypb.UnimplementedDataProxyServiceServer

	message  *dataproxypb.TailLogsResponse
	messages int
}

func (s *loud) TailLogs(_ *dataproxypb.TailLogsRequest, stream grpc.ServerStreamingServer[dataproxypb.TailLogsResponse]) error {
	prepared := &grpc.PreparedMsg{}
	if err := prepared.Encode(stream, s.message); err != nil {
		return err
	}
	for range s.messages {
		if err := stream.SendMsg(prepared); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkTailLogs reports the lines per second of the generated stub and of TailLogs, in
// alternate runs, and the median of their ratios: 0.95 means five percent fewer.
func BenchmarkTailLogs(b *testing.B) {
	for _, per := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("lines=%d", per), func(b *testing.B) {
			total := 100_000 // so that it is not the start of a stream that is measured
			if per == 1 {
				total = 25_000
			}
			s := &loud{message: &dataproxypb.TailLogsResponse{Logs: []*dataproxypb.TailLogsResponse_Logs{{}}}, messages: total / per}
			for i := range per {
				s.message.Logs[0].Lines = append(s.message.Logs[0].Lines, &dataplanepb.LogLine{
					Timestamp: &timestamppb.Timestamp{Seconds: 1_800_000_000, Nanos: int32(i)}, Originator: dataplanepb.LogLineOriginator_USER,
					Message: fmt.Sprintf("2027-01-15T08:00:00Z INFO trainer: step %06d of 200000, loss 0.123456, 118000 samples a second, eta 00:12:34", i),
				})
			}
			client := dataproxypb.NewDataProxyServiceClient(serve(b, s))
			var bare, ours, ratios []float64
			rate := func(read func(*testing.B, dataproxypb.DataProxyServiceClient) int) float64 {
				began := time.Now()
				if n := read(b, client); n != total {
					b.Fatalf("%d lines", n)
				}
				return float64(total) / time.Since(began).Seconds()
			}
			rate(readBare)
			for i := 0; b.Loop(); i++ {
				sides := []func(){
					func() { bare = append(bare, rate(readBare)) }, func() { ours = append(ours, rate(readOurs)) },
				}
				if i%2 == 1 {
					slices.Reverse(sides)
				}
				sides[0]()
				sides[1]()
				ratios = append(ratios, ours[i]/bare[i])
			}
			for name, all := range map[string][]float64{"stub-lines/s": bare, "follow-lines/s": ours, "follow/stub": ratios} {
				slices.Sort(all)
				b.ReportMetric(all[len(all)/2], name)
			}
			b.ReportMetric(0, "ns/op") // says nothing here
		})
	}
}

// serve serves s over TLS, and connects to it.
func serve(b *testing.B, s dataproxypb.DataProxyServiceServer) *grpc.ClientConn {
	b.Helper()
	certified := httptest.NewTLSServer(nil) // for its certificate
	defer certified.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(certified.Certificate())
	l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&certified.TLS.Certificates[0])))
	dataproxypb.RegisterDataProxyServiceServer(server, s)
	go func() { _ = server.Serve(l) }()
	b.Cleanup(server.Stop)
	cc, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(trusted, "example.com")))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cc.Close() })
	return cc
}

func readBare(b *testing.B, client dataproxypb.DataProxyServiceClient) (n int) {
	b.Helper()
	sink := bufio.NewWriter(io.Discard)
	stream, err := client.TailLogs(b.Context(), &dataproxypb.TailLogsRequest{Attempt: 1})
	if err != nil {
		b.Fatal(err)
	}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			b.Fatal(err)
		}
		for _, logs := range m.GetLogs() {
			for _, l := range logs.GetLines() {
				_, _ = sink.WriteString(l.GetMessage())
				_ = sink.WriteByte('\n')
				n++
			}
		}
	}
}

func readOurs(b *testing.B, client dataproxypb.DataProxyServiceClient) (n int) {
	b.Helper()
	sink := bufio.NewWriter(io.Discard)
	from := follow.LogClients{DataProxy: client, Run: ended{}}
	for l, err := range follow.TailLogs(b.Context(), from, &dataproxypb.TailLogsRequest{Attempt: 1}) {
		if err != nil {
			b.Fatal(err)
		}
		_, _ = sink.WriteString(l.Text)
		_ = sink.WriteByte('\n')
		n++
	}
	return n
}

// ended is an action that has ended.
type ended struct{}

func (ended) GetActionDetails(
	context.Context, *workflowpb.GetActionDetailsRequest, ...grpc.CallOption,
) (*workflowpb.GetActionDetailsResponse, error) {
	return &workflowpb.GetActionDetailsResponse{Details: inPhase(done)}, nil
}
