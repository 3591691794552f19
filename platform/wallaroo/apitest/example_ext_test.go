package apitest_test

import (
	"context"
	"fmt"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/wallaroo"
	"github.com/jetway-go/jetway/platform/wallaroo/apitest"
	"github.com/jetway-go/jetway/platform/wallaroo/keycloaktest"
)

// A program logs in at the realm and calls the API, both at one address.
func Example() {
	realm := keycloaktest.NewRealm(keycloaktest.Config{Users: []keycloaktest.User{{Name: "ada", Password: "secret"}}})
	instance := apitest.NewServer(apitest.Config{Verifier: realm, Login: realm})
	defer instance.Close()

	environment := map[string]string{wallaroo.EnvUser: "ada", wallaroo.EnvPassword: "secret"}
	ctx := context.Background()
	cs, err := clientset.For(ctx, wallaroo.Resolver{
		APIEndpoint: instance.URL, AuthType: wallaroo.UserPassword,
		LookupEnv: func(name string) (string, bool) { v, ok := environment[name]; return v, ok },
	}, clientset.WithHTTPClient(instance.Client()), clientset.WithoutStore())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	spaces, err := wallaroo.NewClient(cs.HTTPClient(), cs.HTTPURL("")).Workspaces(ctx)
	fmt.Println(len(spaces), err, instance.Requests()[0].Subject)
	// Output: 1 <nil> ada
}
