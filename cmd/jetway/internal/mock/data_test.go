package mock

import (
	"path/filepath"
	"strings"
	"testing"

	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
)

// The flags of the first start are given again: what the seed file and --demo have added is
// there, and is as clients have left it.
func TestTheSameFlagsStartAgainFromTheFile(t *testing.T) {
	t.Parallel()
	args := []string{
		"--open", "--demo", "--console=false", "--data", filepath.Join(t.TempDir(), "state"),
		"--seed", seedFile(t, seedText+"secrets: [{name: key, value: canary}]\n"),
	}
	for _, start := range []string{"first", "second"} {
		t.Run(start, func(t *testing.T) {
			facts := started(t, args...)
			if facts["client id"] != "robot" || facts["client secret"] != "canary-of-the-robot" || facts["login"] != "grace" || facts["password"] != "canary-of-grace" {
				t.Errorf("it prints %q and %q, not what the seed file has", facts["client id"], facts["login"])
			}
			projects := projectpb.NewProjectServiceClient(dial(t, facts["grpc target"]))
			for _, id := range []string{"seeded", demoProject} {
				got, err := projects.GetProject(t.Context(), &projectpb.GetProjectRequest{Id: id})
				if err != nil {
					t.Fatal(err)
				}
				project := got.GetProject()
				if start == "second" && project.GetDescription() != "changed by a client" {
					t.Errorf("%s: the description is %q", id, project.GetDescription())
				}
				project.Description = "changed by a client"
				if _, err := projects.UpdateProject(t.Context(), &projectpb.UpdateProjectRequest{Project: project}); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// --client and --login choose among the file's; their secrets are those of the file.
func TestNamedClientsOfTheSeedFileKeepTheirSecretsWithData(t *testing.T) {
	t.Parallel()
	facts := started(t, "--data", filepath.Join(t.TempDir(), "state"), "--client", "robot", "--login", "grace",
		"--seed", seedFile(t, strings.ReplaceAll(seedText, "clients:\n", "clients:\n  - {id: other}\n")))
	if facts["client secret"] != "canary-of-the-robot" || facts["password"] != "canary-of-grace" {
		t.Error("it prints other secrets than those of the seed file")
	}
}
