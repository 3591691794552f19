package wallaroo_test

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/platform/wallaroo"
	"github.com/jetway-go/jetway/platform/wallaroo/apitest"
	"github.com/jetway-go/jetway/platform/wallaroo/keycloaktest"
)

// A program logs in with a user name and a password from the environment.
func Example() {
	keycloak := keycloaktest.NewServer(keycloaktest.Config{Users: []keycloaktest.User{{Name: "ada", Password: "secret"}}})
	defer keycloak.Close()
	address, stop, err := guarded(keycloak)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()

	environment := map[string]string{
		"WALLAROO_SDK_AUTH_TYPE": "user_password", "WALLAROO_URL": address, "WALLAROO_AUTH_URL": keycloak.URL,
		"WALLAROO_USER": "ada", "WALLAROO_PASSWORD": "secret",
	}
	ctx := context.Background()
	cs, err := clientset.For(ctx, wallaroo.Resolver{
		// Left out, the variables are those of the process.
		LookupEnv: func(name string) (string, bool) { v, ok := environment[name]; return v, ok },
	}, clientset.WithHTTPClient(keycloak.Client()), clientset.WithoutStore())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	answer, err := healthpb.NewHealthClient(cs).Check(ctx, &healthpb.HealthCheckRequest{})
	fmt.Println(answer.GetStatus(), err)
	// Output: SERVING <nil>
}

// guarded starts a gRPC server that takes the tokens v accepts: the instance's part
// here.
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

// A program deploys a pipeline, waits until it runs, and infers.
func ExampleClient() {
	realm := keycloaktest.NewRealm(keycloaktest.Config{Users: []keycloaktest.User{{Name: "ada", Password: "secret"}}})
	instance := apitest.NewServer(apitest.Config{Verifier: realm, Login: realm})
	defer instance.Close()

	environment := map[string]string{
		"WALLAROO_SDK_AUTH_TYPE": "user_password", "WALLAROO_URL": instance.URL,
		"WALLAROO_USER": "ada", "WALLAROO_PASSWORD": "secret",
	}
	ctx := context.Background()
	cs, err := clientset.For(ctx, wallaroo.Resolver{
		LookupEnv: func(name string) (string, bool) { v, ok := environment[name]; return v, ok },
	}, clientset.WithHTTPClient(instance.Client()), clientset.WithoutStore())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()

	api := wallaroo.NewClient(cs.HTTPClient(), cs.HTTPURL(""))
	p, err := api.CreatePipeline(ctx, wallaroo.NewPipeline{Name: "adder", WorkspaceID: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := api.Deploy(ctx, wallaroo.DeployRequest{Pipeline: p})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := api.Wait(ctx, d); err != nil {
		fmt.Println(err)
		return
	}
	results, err := api.Infer(ctx, d, []wallaroo.Record{{"a": 1, "b": 2}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s: %s\n", d.Name(), results[0].Out["sum"])
	// Output: adder-11: [3]
}
