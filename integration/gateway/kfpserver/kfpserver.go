// Package kfpserver runs the API server of Kubeflow Pipelines as far as internal/kfptest has
// it: the services over gRPC, and a real grpc-gateway with Kubeflow's settings in front of
// them. Call [Start].
package kfpserver

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"

	kfpgateway "github.com/jetway-go/jetway/integration/gateway/kfpgateway"
	"github.com/jetway-go/jetway/internal/kfptest"
)

// Start serves s until the test ends. It returns a connection for gRPC, and the gateway.
func Start(tb testing.TB, s *kfptest.Server) (*grpc.ClientConn, http.Handler) {
	tb.Helper()
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	server := grpc.NewServer(grpc.ChainUnaryInterceptor(s.Interceptor()))
	kfptest.Register(server, s)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener)
	}()
	cc, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = cc.Close()
		server.Stop()
		<-ended
	})
	gateway := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, &runtime.JSONPb{MarshalOptions: protojson.MarshalOptions{UseProtoNames: true}}),
		runtime.WithIncomingHeaderMatcher(func(key string) (string, bool) {
			return "kubeflow-userid", strings.EqualFold(key, "kubeflow-userid")
		}),
	)
	if err := errors.Join(
		kfpgateway.RegisterRunServiceHandler(tb.Context(), gateway, cc),
		kfpgateway.RegisterExperimentServiceHandler(tb.Context(), gateway, cc),
		kfpgateway.RegisterPipelineServiceHandler(tb.Context(), gateway, cc),
	); err != nil {
		tb.Fatal(err)
	}
	return cc, gateway
}
