package jupyterhub_test

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/platform/jupyterhub"
)

// A service that the hub has started calls another one.
func ExampleResolver() {
	cs, err := clientset.For(context.Background(), jupyterhub.Resolver{
		Endpoint: "http://127.0.0.1:10102",
		// What the hub sets; left out, it is read from the environment.
		Config: jupyterhub.Config{LookupEnv: env(map[string]string{"JUPYTERHUB_API_TOKEN": "0123456789abcdef"})},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	fmt.Println(cs.Endpoint())
	// Output: 127.0.0.1:10102
}

// A service serves gRPC and pages to users of the hub.
func ExampleService() {
	config := jupyterhub.Config{LookupEnv: env(map[string]string{ // in a real service, leave it out
		"JUPYTERHUB_API_TOKEN": "0123456789abcdef", "JUPYTERHUB_SERVICE_NAME": "whoami",
		"JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:0",
	})}
	auth, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{Config: config})
	if err != nil {
		fmt.Println(err)
		return
	}
	pages := auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, _ := jupyterhub.CallerFromContext(r.Context())
		_, _ = io.WriteString(w, "hello "+caller.User.Name)
	}))
	calls := grpc.NewServer(
		grpc.ChainUnaryInterceptor(serverauth.Unary(auth)),
		grpc.ChainStreamInterceptor(serverauth.Stream(auth)), // without it every caller may open streams
	)
	defer calls.Stop()

	ctx, stop := context.WithCancel(context.Background())
	stop() // the hub would stop it with SIGTERM
	fmt.Println(jupyterhub.Service{Config: config, HTTP: pages, GRPC: calls}.Run(ctx))
	// Output: <nil>
}
