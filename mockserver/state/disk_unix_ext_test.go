//go:build unix

package state_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	"github.com/jetway-go/jetway/mockserver"
)

// smallDisk returns a command that runs this program where a file at path can have 2 MiB at
// most: on a small disk of its own where a process may mount one, else by a limit for files.
// From outside, the file is at the name that at returns.
func smallDisk(t *testing.T, path string) (cmd *exec.Cmd, at func() string) {
	t.Helper()
	ctx, dir := t.Context(), filepath.Dir(path)
	if exec.CommandContext(ctx, "unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", dir).Run() == nil {
		const script = `mount -t tmpfs -o size=2m tmpfs "$1" && exec "$0"`
		cmd = exec.CommandContext(ctx, "unshare", "-rm", "sh", "-c", script, os.Args[0], dir)
		return cmd, func() string { return fmt.Sprintf("/proc/%d/root%s", cmd.Process.Pid, path) }
	}
	t.Log("a process may not mount a disk here: a limit for files stands in for it")
	cmd = exec.CommandContext(ctx, "sh", "-c", `ulimit -f 4096 && exec "$0"`, os.Args[0])
	return cmd, func() string { return path }
}

func TestAFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	cmd, at := smallDisk(t, path)
	v := startProcess(t, path, cmd)
	ctx := t.Context()
	must(v.projects.CreateProject(ctx, &projectpb.CreateProjectRequest{Project: &projectpb.Project{Id: "shop"}}))(t)

	var kept []string
	var err error
	for i := range 500 {
		req := createSecret(fmt.Sprintf("s%d", i))
		req.SecretSpec.Value = &secretpb.SecretSpec_StringValue{StringValue: strings.Repeat("v", 20_000)}
		if _, err = v.secrets.CreateSecret(ctx, req); err != nil {
			break
		}
		kept = append(kept, req.GetId().GetName())
	}

	if status.Code(err) != codes.ResourceExhausted || !strings.Contains(err.Error(), path) {
		t.Fatalf("after %d secrets: %v, want ResourceExhausted", len(kept), err)
	}
	if len(kept) < 20 {
		t.Errorf("only %d secrets went into the file", len(kept))
	}
	refused := &secretpb.SecretIdentifier{Name: fmt.Sprintf("s%d", len(kept)), Domain: "development", Project: "shop"}
	if _, err := v.secrets.GetSecret(ctx, &secretpb.GetSecretRequest{Id: refused}); status.Code(err) != codes.NotFound {
		t.Errorf("the secret that was refused: %v, want NotFound", err)
	}
	list := must(v.secrets.ListSecrets(ctx, &secretpb.ListSecretsRequest{}))(t)
	if len(list.GetSecrets()) != len(kept) {
		t.Errorf("the server has %d secrets, %d were acknowledged", len(list.GetSecrets()), len(kept))
	}
	raw := must(os.ReadFile(at()))(t)
	v.kill()

	copied := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(copied, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := start(t, copied, mockserver.WithOpenAccess())
	for _, name := range kept {
		if value, ok := s.Backend().SecretValue("development", "shop", name); !ok || len(value) != 20_000 {
			t.Errorf("secret %s is lost", name)
		}
	}
	if _, ok := s.Backend().SecretValue("development", "shop", refused.GetName()); ok {
		t.Error("the secret that was refused is in the file")
	}
}
