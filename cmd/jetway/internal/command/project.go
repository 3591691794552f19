package command

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/follow"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
)

func newProject(a *App) *cobra.Command {
	return group("project", "Look at projects", newProjectList(a))
}

func newProjectList(a *App) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the projects of the backend",
		Example: "  jetway project list\n  jetway project list -o name",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := a.limited(c.Context())
			defer cancel()
			cs, plan, err := a.open(ctx)
			if err != nil {
				return err
			}
			defer cs.Close()
			w := a.waitFor("waiting for the projects")
			projects, err := take(0, follow.ListProjects(ctx, cs.Project(), &projectpb.ListProjectsRequest{Org: plan.Org}, w.opts()...))
			w.stop()
			if err != nil {
				return err
			}
			v := show.View{
				Value: show.Messages(projects), Columns: []string{"id", "name", "domains", "description"}, Empty: "there are no projects",
			}
			for _, p := range projects {
				v.Rows = append(v.Rows, []string{p.GetId(), p.GetName(), domains(p), p.GetDescription()})
			}
			return a.print(v)
		},
	}
}

// domains returns the IDs of a project's domains, separated by commas.
func domains(p *projectpb.Project) string {
	ids := make([]string, 0, len(p.GetDomains()))
	for _, d := range p.GetDomains() {
		ids = append(ids, d.GetId())
	}
	return strings.Join(ids, ",")
}
