// Package command has the commands of jetway, one file for each group.
//
// Call [New] for the root command; [Run] parses a command line, runs it and returns the
// exit code. Every command gets what it needs from an [App], so that tests can run it in
// memory.
package command

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/cmd/jetway/internal/connect"
	"github.com/jetway-go/jetway/cmd/jetway/internal/profile"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/cmd/jetway/internal/stdio"
)

// App is what commands share: the streams, the environment and the global flags.
type App struct {
	// IO are the streams.
	IO *stdio.Streams
	// Lookup and Environ are the environment.
	Lookup  func(string) (string, bool)
	Environ func() []string

	settings connect.Settings
	format   show.Format
	timeout  time.Duration
	verbose  int
}

// System returns the App of this process.
func System() *App {
	return &App{IO: stdio.System(os.LookupEnv), Lookup: os.LookupEnv, Environ: os.Environ}
}

// plan returns where and how to connect.
func (a *App) plan() (*connect.Plan, error) {
	return a.connection().Plan()
}

// connection returns the flags with what they stand on.
func (a *App) connection() connect.Settings {
	s := a.settings
	s.Lookup, s.Environ, s.Profiles, s.Logger = a.Lookup, a.Environ, a.profiles(), a.logger()
	return s
}

// profiles returns the file of profiles.
func (a *App) profiles() profile.File {
	dir, _ := a.Lookup("JETWAY_CONFIG_DIR")
	return profile.At(dir)
}

// open makes the client set for calls; it uses a stored login and asks no person.
func (a *App) open(ctx context.Context, opts ...clientset.Option) (*clientset.ClientSet, *connect.Plan, error) {
	p, err := a.plan()
	if err != nil {
		return nil, nil, err
	}
	cs, err := p.Open(ctx, opts...)
	return cs, p, err
}

// limited returns ctx with the time limit of --timeout, for commands that end by
// themselves; a watch has none.
func (a *App) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if a.timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, a.timeout)
}

// patient returns the context of a command that takes as long as what it waits for: it
// has a time limit only if the person gave one.
func (a *App) patient(c *cobra.Command) (context.Context, context.CancelFunc) {
	if !c.Flags().Changed("timeout") {
		return context.WithCancel(c.Context())
	}
	return a.limited(c.Context())
}

// print shows v as the flags say.
func (a *App) print(v show.View) error {
	if len(v.Rows) == 0 && v.Empty != "" && a.format == show.Table {
		a.IO.Notef("%s", v.Empty)
	}
	return show.Print(a.IO.Out, a.format, v)
}

// logger writes what the library logs to standard error: nothing but errors, since what a
// person has to know the command says itself; warnings and more with -v.
func (a *App) logger() *slog.Logger {
	level := slog.LevelError
	switch {
	case a.verbose >= 2:
		level = slog.LevelDebug
	case a.verbose == 1:
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(a.IO.Err, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(_ []string, at slog.Attr) slog.Attr {
			if at.Key == slog.TimeKey && a.verbose == 0 {
				return slog.Attr{}
			}
			return at
		},
	}))
}
