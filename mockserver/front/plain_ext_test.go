package front_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/grpc"
	testpb "google.golang.org/grpc/interop/grpc_testing"

	"github.com/jetway-go/jetway/mockserver/front"
)

// byHand is a service that no generated code describes.
func byHand() *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: "by.hand.Service", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{
			MethodName: "Get",
			Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
				return &testpb.Empty{}, decode(&testpb.Empty{})
			},
		}},
	}
}

// gRPC goes straight to the server, whatever the front knows of the method.
func TestServiceWithoutDescriptorIsServedByGRPCOnly(t *testing.T) {
	t.Parallel()
	server := grpc.NewServer()
	server.RegisterService(byHand(), nil)
	handler, err := front.New(server, front.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(handler)
	s.Config.Protocols = &http.Protocols{}
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	defer s.Close()
	defer server.Stop()
	transport := &http.Transport{Protocols: s.Config.Protocols}
	defer transport.CloseIdleConnections()

	for _, p := range protocols() {
		c := connect.NewClient[testpb.Empty, testpb.Empty](&http.Client{Transport: transport}, s.URL+"/by.hand.Service/Get", p.option)
		_, err := c.CallUnary(short(t), connect.NewRequest(&testpb.Empty{}))
		if want := p.name == front.GRPC; (err == nil) != want || !want && connect.CodeOf(err) != connect.CodeUnimplemented {
			t.Errorf("%s: %v", p.name, err)
		}
	}
}
