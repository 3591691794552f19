package command

import (
	"cmp"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/cmd/jetway/internal/connect"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
)

func newWhoami(a *App) *cobra.Command {
	return &cobra.Command{
		Use:     "whoami",
		Short:   "Print who the backend takes you for",
		Example: "  jetway whoami\n  jetway whoami -o json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := a.limited(c.Context())
			defer cancel()
			cs, plan, err := a.open(ctx)
			if err != nil {
				return err
			}
			defer cs.Close()
			me, err := whoIs(ctx, cs, plan)
			if err != nil {
				return hinted(plan, err)
			}
			return a.print(show.View{
				Names: []string{cmp.Or(me.User, me.Name, me.Email)}, Value: me, Columns: []string{"user", "name", "email", "endpoint"},
				Rows: [][]string{{cmp.Or(show.Clean(me.User), "(not said)"), show.Clean(me.Name), show.Clean(me.Email), me.Endpoint}},
			})
		},
	}
}

// hinted adds how to give this command credentials for the platform, where they are missing
// or rejected and jetway login does not ask for them.
func hinted(p *connect.Plan, err error) error {
	if advice := connect.Advice(p.Platform); advice != "" && failure.Of(err).Exit == failure.Auth {
		return failure.Hint(err, advice)
	}
	return err
}
