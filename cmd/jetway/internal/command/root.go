package command

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/cmd/jetway/internal/connect"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/cmd/jetway/internal/stdio"
)

// New returns the root command with all others.
func New(a *App) *cobra.Command { return newFor(a, nil) }

// newFor returns the root command with those that args name, or all.
func newFor(a *App, args []string) *cobra.Command {
	var asked bool // for the version
	root := &cobra.Command{
		Use:   "jetway",
		Short: "Log in to ML and workflow platforms, and call them",
		Long: "jetway logs in to Flyte 2, Wallaroo, Nublado, Kubeflow Pipelines and JupyterHub, stores the\n" +
			"login where programs of the jetway library find it, and calls the backend with it.\n\n" +
			"Data goes to standard output, everything else to standard error.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          unknown,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.timeout < 0 {
				return failure.Usage("--timeout %v: want 0 or more", a.timeout)
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			if asked {
				return a.printVersion()
			}
			return c.Help()
		},
	}
	root.Flags().BoolVar(&asked, "version", false, "print the version")
	root.SetIn(a.IO.In)
	root.SetOut(a.IO.Out)
	root.SetErr(a.IO.Err)
	root.SetFlagErrorFunc(wrongFlag)
	a.globalFlags(root)
	made, all := commands(a, args)
	root.AddCommand(made...)
	root.CompletionOptions.DisableDefaultCmd = !all
	if all {
		strict(root)
		onlyFilesWhereFiles(root)
	}
	return root
}

// commands are all commands, or those of them that a command line names: what is not asked
// for need not be made. It reports whether all are.
func commands(a *App, args []string) (made []*cobra.Command, all bool) {
	type entry struct {
		name string
		make func(*App) *cobra.Command
	}
	table := []entry{
		{"login", newLogin},
		{"logout", newLogout},
		{"whoami", newWhoami},
		{"token", newToken},
		{"auth-status", newAuthStatus},
		{"doctor", newDoctor},
		{"profile", newProfile},
		{"config", newConfig},
		{"project", newProject},
		{"task", newTask},
		{"run", newRun},
		{"secret", newSecret},
		{"upload", newUpload},
		{"download", newDownload},
		{"call", newCall},
		{"http", newHTTP},
		{"mock", newMock},
		{"version", newVersion},
	}
	named := func(name string) bool { return slices.Contains(args, name) }
	completes := func(arg string) bool { return strings.HasPrefix(arg, "__complete") }
	all = named("help") || named("completion") || slices.ContainsFunc(args, completes)
	if !slices.ContainsFunc(table, func(c entry) bool { return named(c.name) }) {
		all = true // to say what there is
	}
	for _, c := range table {
		if all || named(c.name) {
			made = append(made, c.make(a))
		}
	}
	return made, all
}

func (a *App) globalFlags(root *cobra.Command) {
	a.format = show.Table
	f := root.PersistentFlags()
	f.StringVar(&a.settings.Profile, "profile", "", "use the settings of this `profile`")
	f.StringVar(&a.settings.Platform, "platform", "", "kind of backend: "+strings.Join(connect.Platforms(), ", "))
	f.StringVarP(&a.settings.Endpoint, "endpoint", "e", "", "address of the backend, `host[:port]` or URL")
	f.BoolVar(&a.settings.Insecure, "insecure", false, "connect without TLS")
	f.StringVar(&a.settings.CAFile, "ca-file", "", "trust the certificates in this PEM `file`, too")
	f.StringVar(&a.settings.ConfigFile, "config", "", "read this Flyte config `file`")
	f.StringVar(&a.settings.User, "user", "", "`name` to log in as, where the system needs one")
	f.StringVar(&a.settings.ClientID, "client-id", "", "OAuth client `ID`, where it is not the backend's own")
	f.StringVar(&a.settings.Org, "org", "", "`organization`")
	f.StringVarP(&a.settings.Project, "project", "p", "", "`project`")
	f.StringVar(&a.settings.Domain, "domain", "", "`domain` of the project")
	f.VarP(&a.format, "output", "o", "output `format`: table, json, yaml or name")
	f.DurationVar(&a.timeout, "timeout", time.Minute, "give up after this `time`; 0 means never")
	f.BoolVar(&a.IO.NoInput, "no-input", a.IO.NoInput, "ask nothing; fail instead")
	f.BoolVarP(&a.IO.Quiet, "quiet", "q", false, "leave out notes and progress")
	f.CountVarP(&a.verbose, "verbose", "v", "log more to standard error; -vv logs all")
	f.BoolVar(&a.IO.Plain, "no-color", a.IO.Plain, "no colours and no drawing")
	_ = root.RegisterFlagCompletionFunc("profile", a.completeProfiles) // as in complete
	complete(root, "platform", connect.Platforms())
	complete(root, "output", []string{"table", "json", "yaml", "name"})
}

// group is a command that only has commands below it.
func group(use, short string, below ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Args: unknown,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(below...)
	return c
}

// complete has the shell complete the values of a flag.
func complete(c *cobra.Command, flag string, values []string) {
	// The error is that of a flag which the command does not have.
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// onlyFilesWhereFiles has the shell complete names of files only for arguments that are files.
func onlyFilesWhereFiles(c *cobra.Command) {
	file := strings.Contains(c.Use, "FILE") || strings.Contains(c.Use, "PATH|")
	if !file && c.ValidArgsFunction == nil && !c.HasSubCommands() {
		c.ValidArgsFunction = cobra.NoFileCompletions
	}
	for _, below := range c.Commands() {
		onlyFilesWhereFiles(below)
	}
}

// Run runs the command line args and returns the exit code. A signal ends ctx with the cause
// [failure.ErrInterrupted].
func Run(ctx context.Context, a *App, args []string) int {
	out := &stdio.Checked{Writer: a.IO.Out}
	a.IO.Out = out
	if a.IO.In != nil {
		a.IO.In = stdio.Until(ctx, a.IO.In)
	}
	root := newFor(a, args)
	root.SetArgs(args)
	c, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = out.Err()
	}
	if err == nil {
		return failure.OK
	}
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), failure.ErrInterrupted) {
		err = failure.ErrInterrupted // what failed because of it is of no interest
	}
	f := failure.Of(misuse(c, err))
	f.Print(a.IO, a.format == show.JSON || asksForJSON(args))
	return f.Exit
}
