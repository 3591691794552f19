package command

import (
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/mock"
)

func newMock(a *App) *cobra.Command {
	var f mock.Flags
	c := &cobra.Command{
		Use:   "mock",
		Short: "Run a mock backend on this machine",
		Long: "Runs a Flyte 2 backend with an authorization server and an object store, in memory, until it is\n" +
			"interrupted. With --data it keeps its state in a file too, and a mock that starts with that file\n" +
			"again goes on where the last one was, at the same ports if they are free. The file holds the\n" +
			"secrets of tests: keep it out of repositories. As soon as it serves, it prints how to connect,\n" +
			"with commands to paste into another terminal. Its HTTP address has a page that lists what it\n" +
			"serves.\n\n" +
			"Its secrets are random ones, those in the file of --data, or those in " + mock.EnvSecret + ",\n" +
			mock.EnvPassword + ", " + mock.EnvProxyToken + " and " + mock.EnvControl + ".",
		Example: "  jetway mock --demo\n" +
			"  jetway mock --project demo --auto-approve ada -o json",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			const help = "run: jetway mock --help"
			if err := f.Check(c); err != nil {
				return failure.Exit(failure.Misuse, err, help)
			}
			f.Format = a.format
			f.Read(a.Lookup)
			var logger *slog.Logger
			if a.verbose > 0 {
				logger = slog.New(slog.NewTextHandler(a.IO.Err, &slog.HandlerOptions{Level: slog.LevelDebug}))
			}
			err := mock.Run(c.Context(), &f, a.IO.Out, logger)
			if mock.Misused(err) {
				return failure.Exit(failure.Misuse, err, help)
			}
			return err
		},
	}
	f.Define(c)
	return c
}
