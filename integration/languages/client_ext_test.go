package languages_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/mockserver"
)

// language is how to run a client.
type language struct {
	name    string
	dir     string
	command []string
	env     []string
}

// settings is what a client reads from its standard input: secrets have no business
// in arguments or in the environment.
type settings struct {
	BaseURL string   `json:"baseUrl"`
	Client  identity `json:"client"`
	Project string   `json:"project"`
	Domain  string   `json:"domain"`
}

type identity struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

// story is what a client writes: what happened to it.
type story struct {
	Refusals map[string]string `json:"refusals"`
	Task     string            `json:"task"`
	Run      string            `json:"run"`
	Phases   []string          `json:"phases"`
	Secret   string            `json:"secret"`
}

func settingsFor(server *mockserver.Server) settings {
	scheme := "http://"
	if server.CACertPEM() != nil {
		scheme = "https://"
	}
	return settings{
		BaseURL: scheme + server.Endpoint(),
		Client:  identity{ID: server.ClientID(), Secret: server.ClientSecret()},
		Project: "demo",
		Domain:  "development",
	}
}

// trust makes clients trust the server's certificate authority, by the variables of
// Node.js, of Python and of grpcio.
func trust(t *testing.T, server *mockserver.Server) []string {
	t.Helper()
	if server.CACertPEM() == nil {
		return nil
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, server.CACertPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"NODE_EXTRA_CA_CERTS=" + file, "SSL_CERT_FILE=" + file, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=" + file}
}

// start runs the client to its end. Settings are what it reads.
func (l language) start(t *testing.T, s any, env ...string) (stdout, stderr string, err error) {
	t.Helper()
	input, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // it has deadlines of its own; this one is for a hang
	defer cancel()
	cmd := exec.CommandContext(ctx, l.command[0], l.command[1:]...)
	cmd.Dir = l.dir
	cmd.Env = slices.Concat(os.Environ(), l.env, env)
	cmd.Stdin = bytes.NewReader(input)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}
