package platform_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform"
)

// A program with settings of its own implements a resolver for them.
func ExampleResolverFunc() {
	settings := map[string]string{"host": "flyte.example.com", "client": "nightly-jobs"}
	resolver := platform.ResolverFunc(func(context.Context, *http.Client) (platform.Target, error) {
		if settings["host"] == "" {
			return platform.Target{}, errors.New("no endpoint: set host")
		}
		return platform.Target{
			Endpoint: settings["host"],
			Flow:     flow.ClientCredentials{ClientID: settings["client"], Secret: flow.SecretFile("/etc/nightly-jobs/secret")},
		}, nil
	})
	cs, err := clientset.For(context.Background(), resolver)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	fmt.Println(cs.Endpoint())
	// Output: flyte.example.com:443
}

// A target can be logged: it is printed without its secrets.
func ExampleTarget() {
	fmt.Println(platform.Target{
		Endpoint: "flyte.example.com", User: "ada", Flow: flow.StaticToken("secret"), ProxyURL: "http://ada:secret@proxy:3128",
	})
	// Output: target flyte.example.com of ada by flow.Static
}
