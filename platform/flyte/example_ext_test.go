package flyte_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/platform/flyte"
)

// Variables say where the backend is and how to log in.
func ExampleResolver() {
	backend, err := mockserver.New(mockserver.WithProject("demo"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer backend.Close()
	environment := map[string]string{
		"FLYTE_ADMIN_ENDPOINT": backend.Endpoint(), "FLYTE_ADMIN_INSECURE": "true",
		"FLYTE_ADMIN_CLIENTID": backend.ClientID(), "FLYTE_ADMIN_CLIENTSECRETENVVAR": "MY_SECRET", "MY_SECRET": backend.ClientSecret(),
	}
	ctx := context.Background()
	cs, err := clientset.For(ctx, flyte.Resolver{
		// Left out, the variables are those of the process.
		LookupEnv: func(name string) (string, bool) { v, ok := environment[name]; return v, ok },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	found, err := cs.Project().ListProjects(ctx, &projectpb.ListProjectsRequest{})
	fmt.Println(len(found.GetProjects().GetProjects()), err)
	// Output: 1 <nil>
}

// Explain shows which variable or line a value comes from, and Warnings the lines that
// have no effect.
func ExampleConfig_Explain() {
	dir, err := os.MkdirTemp("", "flyte")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(path, []byte("admin:\n  endpoint: flyte.example.com\n  clientID: mine\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	environment := map[string]string{"FLYTE_ADMIN_SCOPES": "all offline"}
	config, err := flyte.Resolver{
		ConfigFile: path,
		LookupEnv:  func(name string) (string, bool) { v, ok := environment[name]; return v, ok },
	}.Load()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, origin := range config.Explain() {
		if origin.From != "" {
			fmt.Println(origin.Key, "=", origin.Value, "from", filepath.Base(origin.From))
		}
	}
	for _, warning := range config.Warnings {
		fmt.Printf("line %d: %s\n", warning.Line, warning.Text)
	}
	// Output:
	// admin.endpoint = flyte.example.com from config.yaml:2
	// admin.scopes = all offline from FLYTE_ADMIN_SCOPES
	// line 3: unknown key "admin.clientID" has no effect; did you mean "admin.clientId"?
}

// A file of the working directory that runs a program is used only after the user has
// recorded that it may.
func ExampleFileTrust() {
	dir, err := os.MkdirTemp("", "flyte")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "config.yaml")
	text := "admin:\n  endpoint: flyte.example.com\n  authType: ExternalCommand\n  command: [make-token]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	trust := flyte.FileTrust{Dir: filepath.Join(dir, "trust")}
	resolver := flyte.Resolver{
		Dir: dir, Home: dir, Trust: trust, LookupEnv: func(string) (string, bool) { return "", false },
	}
	_, err = resolver.Resolve(context.Background(), nil)
	fmt.Println("refused:", err != nil)
	if err := trust.Record(path); err != nil {
		fmt.Println(err)
		return
	}
	target, err := resolver.Resolve(context.Background(), nil)
	fmt.Println(target, err)
	// Output:
	// refused: true
	// target flyte.example.com by flow.Command <nil>
}
