package command

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/cmd/jetway/internal/connect"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/platform/flyte"
)

func newConfig(a *App) *cobra.Command {
	return group("config", "Look at the settings in effect", newConfigView(a), newConfigExplain(a), newConfigPath(a), newConfigTrust(a))
}

func newConfigView(a *App) *cobra.Command {
	return &cobra.Command{
		Use: "view", Short: "Print the settings in effect", Example: "  jetway config view", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return a.showConfig([]string{"setting", "value"}, func(v connect.Value) []string { return []string{v.Key, v.Value} })
		},
	}
}

func newConfigExplain(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "explain",
		Short: "Print where each setting comes from",
		Long: "Prints each setting with where it comes from: a flag, a profile, a variable, a line of a file.\n" +
			"It sends nothing and follows no instruction of a config file.",
		Example: "  jetway config explain",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return a.showConfig([]string{"setting", "value", "source"}, func(v connect.Value) []string { return []string{v.Key, v.Value, v.Source} })
		},
	}
}

// showConfig prints the settings. A connection that cannot be planned is an error after
// what is known was printed.
func (a *App) showConfig(columns []string, row func(connect.Value) []string) error {
	p, err := a.plan()
	if p == nil {
		return err
	}
	v := show.View{Value: p.Values, Columns: columns}
	for _, value := range p.Values {
		v.Rows = append(v.Rows, row(value))
	}
	for _, w := range p.Warnings {
		a.IO.Warnf("%s", w)
	}
	return errors.Join(a.print(v), err)
}

// place is a file or directory of config path.
type place struct {
	What string `json:"what"`
	Path string `json:"path"`
}

func newConfigPath(a *App) *cobra.Command {
	return &cobra.Command{
		Use: "path", Short: "Print the files that are read",
		Long: "Prints the files that are read. That of the profiles is in jetway in your configuration directory,\n" +
			"or in the directory that the variable JETWAY_CONFIG_DIR names.",
		Example: "  jetway config path", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			places := []place{}
			if file := a.profiles(); file.Path() != "" {
				places = append(places, place{"profiles", file.Path()})
			}
			if p, err := a.plan(); err == nil && p.File != "" {
				places = append(places, place{"Flyte config", p.File})
			}
			v := show.View{Value: places, Columns: []string{"what", "path"}, Names: []string{}}
			for _, p := range places {
				v.Rows = append(v.Rows, []string{p.What, p.Path})
				v.Names = append(v.Names, p.Path)
			}
			return a.print(v)
		},
	}
}

func newConfigTrust(a *App) *cobra.Command {
	var forget bool
	c := &cobra.Command{
		Use:   "trust FILE",
		Short: "Record that a config file of a working directory may use commands and secrets",
		Long: "A config file in a working directory may have come with it. Until you record that you trust it,\n" +
			"it runs no command and gets no credential. Read it before: it is trusted as it is now, and no\n" +
			"more after a change.",
		Example: "  jetway config trust .flyte/config.yaml\n  jetway config trust --forget .flyte/config.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if forget {
				if err := (flyte.FileTrust{}).Forget(args[0]); err != nil {
					return failure.Exit(failure.Config, err, "")
				}
				a.IO.Notef("%s is not trusted.", args[0])
				return nil
			}
			if err := (flyte.FileTrust{}).Record(args[0]); err != nil {
				return failure.Exit(failure.Config, err, "")
			}
			a.IO.Notef("%s is trusted as it is now.", args[0])
			return nil
		},
	}
	c.Flags().BoolVar(&forget, "forget", false, "trust it no more")
	return c
}
