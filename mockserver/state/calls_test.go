package state

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"

	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	"github.com/jetway-go/jetway/mockserver"
)

// BenchmarkCalls shows what keeping the state costs: calls that change something and calls
// that do not, from one client and from 64 at a time.
func BenchmarkCalls(b *testing.B) {
	for _, keep := range []bool{false, true} {
		for _, write := range []bool{false, true} {
			for _, clients := range []int{1, 64} {
				b.Run(fmt.Sprintf("file=%t/write=%t/clients=%d", keep, write, clients), func(b *testing.B) {
					benchmarkCalls(b, keep, write, clients)
				})
			}
		}
	}
}

func benchmarkCalls(b *testing.B, keep, write bool, clients int) {
	opts := []mockserver.Option{mockserver.WithOpenAccess(), mockserver.WithRequestLog(0)}
	if keep {
		file, err := Open(filepath.Join(b.TempDir(), "state"))
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		opts = append(opts, mockserver.WithState(file))
	}
	s, err := mockserver.New(opts...)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	conn, err := grpc.NewClient(s.Endpoint(), grpc.WithTransportCredentials(s.TransportCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	secrets := secretpb.NewSecretServiceClient(conn)
	var n atomic.Int64
	create := func() error {
		_, err := secrets.CreateSecret(b.Context(), &secretpb.CreateSecretRequest{
			Id:         &secretpb.SecretIdentifier{Name: fmt.Sprint(n.Add(1))},
			SecretSpec: &secretpb.SecretSpec{Value: &secretpb.SecretSpec_StringValue{StringValue: "v"}},
		})
		return err
	}
	if err := create(); err != nil {
		b.Fatal(err)
	}
	call := create
	if !write {
		call = func() error {
			_, err := secrets.GetSecret(b.Context(), &secretpb.GetSecretRequest{Id: &secretpb.SecretIdentifier{Name: "1"}})
			return err
		}
	}
	b.SetParallelism(max(1, clients/2))
	b.ResetTimer()
	if clients == 1 {
		for b.Loop() {
			if err := call(); err != nil {
				b.Fatal(err)
			}
		}
	} else {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := call(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}
