package keycloaktest_test

import (
	"context"
	"fmt"

	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/platform/internal/peertest"
	"github.com/jetway-go/jetway/platform/wallaroo"
	"github.com/jetway-go/jetway/platform/wallaroo/keycloaktest"
)

// A program logs in with a password, and calls a backend that takes the realm's tokens.
func Example() {
	realm := keycloaktest.NewServer(keycloaktest.Config{Users: []keycloaktest.User{{Name: "ada", Password: "secret"}}})
	defer realm.Close()
	ctx := context.Background()
	backend, err := peertest.New(ctx, peertest.Config{Verifier: realm})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer backend.Close()

	environment := map[string]string{
		wallaroo.EnvURL: "http://" + backend.Endpoint(), wallaroo.EnvAuthURL: realm.URL,
		wallaroo.EnvUser: "ada", wallaroo.EnvPassword: "secret",
	}
	cs, err := clientset.For(ctx, wallaroo.Resolver{
		AuthType:  wallaroo.UserPassword,
		LookupEnv: func(name string) (string, bool) { v, ok := environment[name]; return v, ok },
	}, clientset.WithHTTPClient(realm.Client()), clientset.WithoutStore())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	_, err = cs.Project().ListProjects(ctx, &projectpb.ListProjectsRequest{})
	fmt.Println(err, realm.Count("password"), backend.Calls()[0].Subject)
	// Output: <nil> 1 ada
}
