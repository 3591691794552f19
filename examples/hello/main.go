// Hello makes one call to a Flyte backend.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
)

func main() {
	if err := run(context.Background(), "http://127.0.0.1:8089"); err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint string) error {
	cs, err := clientset.ForEndpoint(endpoint, clientset.WithFlow(flow.ClientCredentials{
		ClientID: "my-app",
		Secret:   flow.SecretValue("my-secret"), // or flow.SecretFile, flow.SecretEnv
	}))
	if err != nil {
		return err
	}
	defer cs.Close()

	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	answer, err := cs.Project().GetProject(ctx, &projectpb.GetProjectRequest{Id: "demo"})
	if err != nil {
		return err
	}
	fmt.Println("project:", answer.GetProject().GetName())
	return nil
}
