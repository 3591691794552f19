package nublado_test

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
)

// A service behind Gafaelfawr's ingress calls Nublado for the user who has sent it a
// request.
func Example() {
	site := nubladotest.NewServer()
	defer site.Close()
	address, stop, err := guarded(site.Gafaelfawr)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	site.SetNubladoURL(address + "/nb")

	header := site.Gafaelfawr.Delegate("ada", nublado.DefaultScope) // in a handler it is r.Header
	environment := map[string]string{"REPERTOIRE_BASE_URL": site.DiscoveryURL()}
	ctx := context.Background()
	cs, err := clientset.For(ctx, nublado.Resolver{
		Source: nublado.FromRequest(header),
		// Left out, the variable is that of the process.
		LookupEnv: func(name string) (string, bool) { v, ok := environment[name]; return v, ok },
	}, clientset.WithHTTPClient(site.Client()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	answer, err := healthpb.NewHealthClient(cs).Check(ctx, &healthpb.HealthCheckRequest{})
	fmt.Println(answer.GetStatus(), err)
	// Output: SERVING <nil>
}

// guarded starts a gRPC server that takes the tokens v accepts: Nublado's part here.
func guarded(v serverauth.Verifier) (address string, stop func(), err error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := grpc.NewServer(grpc.ChainUnaryInterceptor(serverauth.Unary(v)))
	healthpb.RegisterHealthServer(s, health.NewServer())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(l) // returns when s is stopped
	}()
	return "http://" + l.Addr().String(), func() { s.Stop(); <-ended }, nil
}
