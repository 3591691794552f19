package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/cmd/jetway/internal/connect"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/cmd/jetway/internal/stdio"
	"github.com/jetway-go/jetway/doctor"
)

func newDoctor(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Find out why a connection does not work",
		Long: "Goes through a connection step by step: settings, name, port, proxy, TLS, what answers, how to log\n" +
			"in, the stored login, the clock, one call. Each step says what it saw and what to do. It asks\n" +
			"nothing, changes nothing and shows no secret. A step takes ten seconds at most, or the time of\n" +
			"--timeout. If one fails, the exit code is that of a command that would fail because of it.",
		Example: "  jetway doctor\n  jetway doctor --endpoint flyte.example.com -o json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			limit := doctor.DefaultStepTimeout
			if c.Flags().Changed("timeout") && a.timeout > 0 {
				limit = a.timeout
			}
			return a.doctor(c.Context(), limit)
		},
	}
}

func (a *App) doctor(ctx context.Context, limit time.Duration) error {
	p, err := a.plan()
	if err != nil {
		return err
	}
	r, opts := p.Target()
	target := doctor.Resolver(r, opts...)
	settings := func() string { return adviceOnSettings(ctx, p) }
	if a.format == show.JSON || a.format == show.YAML {
		w := a.waitFor("looking at the connection")
		report := doctor.Run(ctx, target, doctor.WithStepTimeout(limit))
		w.stop()
		if err := a.printJSON(report); err != nil {
			return err
		}
		return explained(report.Err(), settings)
	}
	var report doctor.Report
	w := a.waitFor("looking at the settings")
	defer func() { w.stop() }()
	for step := range doctor.Steps(ctx, target, doctor.WithStepTimeout(limit)) {
		w.stop()
		report.Steps = append(report.Steps, step)
		if err := a.showStep(step, settings); err != nil {
			return err
		}
		w = a.waitFor("waiting for what comes after " + step.Name)
	}
	w.stop()
	return explained(report.Err(), settings)
}

// adviceOnSettings is what a command that connects says of settings that are wrong.
func adviceOnSettings(ctx context.Context, p *connect.Plan) string {
	cs, err := p.Open(ctx)
	if err != nil {
		return failure.Of(err).Hint
	}
	_ = cs.Close()
	return ""
}

// explained returns the error of an examination as that of a command.
func explained(err error, settings func() string) error {
	failed, ok := errors.AsType[*doctor.Error](err)
	if !ok {
		return err
	}
	return failure.Exit(doctorExit(failed), errors.New(failed.Step.Name+": "+failure.Plain(failed.Step.Seen)), adviceOf(failed.Step, settings))
}

// doctorExit is the exit code of an examination: of a backend that cannot be reached it is
// that of any other command.
func doctorExit(err *doctor.Error) int {
	switch err.Step.Problem {
	case doctor.Refused, doctor.NoNetwork, doctor.Unreachable, doctor.UnknownName, doctor.NoNameServer, doctor.BadGateway:
		return failure.Unavailable
	default:
		return failure.Of(err).Exit
	}
}

// adviceOf is what the step advises, in the words of this command where the library's are
// those of a program.
func adviceOf(s doctor.Step, settings func() string) string {
	switch s.Problem {
	case doctor.BadSettings:
		return cmp.Or(settings(), failure.Plain(s.Advice))
	case doctor.LoginNeeded:
		return "if the backend wants a login: jetway login; for a machine: jetway login --api-key-stdin"
	case doctor.LoginEnded, doctor.LoginExpired:
		return "log in again: jetway login"
	case doctor.KeyringLocked:
		return "unlock the keyring, by logging in at the desktop or in its own program, and try again"
	case doctor.NotWritable, doctor.BadStore:
		return unwritten
	default:
		return failure.Plain(s.Advice)
	}
}

// showStep prints a step as soon as it has ended.
func (a *App) showStep(s doctor.Step, settings func() string) error {
	colours := map[doctor.State]stdio.Colour{
		doctor.OK: stdio.Green, doctor.Warning: stdio.Yellow, doctor.Failed: stdio.Red, doctor.Skipped: stdio.Faint,
	}
	state := fmt.Sprintf("%-7s", s.State)
	if a.IO.OutTerminal {
		state = a.IO.Paint(colours[s.State], state)
	}
	_, err := fmt.Fprintf(a.IO.Out, "%s  %-10s %s\n", state, s.Name, show.Clean(failure.Plain(s.Seen)))
	if advice := adviceOf(s, settings); err == nil && advice != "" {
		_, err = fmt.Fprintf(a.IO.Out, "%18s → %s\n", "", show.Clean(advice))
	}
	return err
}
