package jupyterhub_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/jupyterhub/hubtest"
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

// A service with the rights for it makes a token for a user and starts a server.
func ExampleClient() {
	hub := hubtest.NewServer(hubtest.Config{})
	defer hub.Close()
	hub.AddUser(hubtest.User{Name: "ada"})
	hub.AddService(hubtest.Service{Name: "operator", Admin: true})

	cs, err := clientset.For(context.Background(), jupyterhub.Resolver{
		Config: jupyterhub.Config{LookupEnv: env(hub.ServiceEnv("operator"))}, // in a real service, leave it out
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	c := jupyterhub.NewClient(cs.HTTPClient(), cs.HTTPURL(""))

	token, err := c.CreateToken(context.Background(), "ada", jupyterhub.TokenOptions{Note: "nightly", Lifetime: time.Hour})
	fmt.Println(token.User, token.Secret, err)
	server, err := c.Spawn(context.Background(), "ada", "", nil)
	fmt.Println(server.URL, server.Ready, err)
	_, err = c.User(context.Background(), "grace")
	fmt.Println(errors.Is(err, jupyterhub.ErrNotFound))
	// Output:
	// ada [redacted] <nil>
	// /user/ada/ true <nil>
	// true
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
