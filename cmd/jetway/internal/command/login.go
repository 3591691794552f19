package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/cmd/jetway/internal/connect"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/internal/loopback"
	"github.com/jetway-go/jetway/platform/flyte"
)

// loginFlags are the ways to log in.
type loginFlags struct {
	browser, paste, device, apiKey, qr bool

	secretFile, secretEnv string
	redirectURI           string
	scopes                []string
	wait                  time.Duration
}

func newLogin(a *App) *cobra.Command {
	var f loginFlags
	c := &cobra.Command{
		Use:   "login",
		Short: "Log in to a backend, and store the login",
		Long: "Logs in to a backend, and stores the login in the system's keyring or, without one, in a file\n" +
			"that only you can read. Other commands and programs of the jetway library find it there.\n\n" +
			"Where a browser can be opened it is; on a machine without one you get an address to open\n" +
			"elsewhere. A system whose own variables or files hold the credentials, such as a JupyterHub\n" +
			"service, needs no login: one call is made to check them.\n\n" +
			"The first login makes a profile, so that other commands find the backend; with --profile every\n" +
			"login does. Logging in again replaces the login, once the new one is there.",
		Example: "  jetway login --endpoint flyte.example.com\n" +
			"  jetway login --device --qr\n" +
			"  jetway login --api-key-stdin < key\n" +
			"  jetway login --client-id bot --client-secret-file secret",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := a.patient(c) // for a person --wait counts, too
			defer cancel()
			return a.login(ctx, f)
		},
	}
	b := c.Flags()
	b.BoolVar(&f.browser, "browser", false, "open a browser on this machine")
	b.BoolVar(&f.paste, "no-browser", false, "show an address, and read the one that the browser ended at")
	b.BoolVar(&f.device, "device", false, "show an address and a code, for a browser on any machine")
	b.BoolVar(&f.apiKey, "api-key-stdin", false, "read an API key from standard input")
	b.StringVar(&f.secretFile, "client-secret-file", "",
		"log in as the client of --client-id, with the secret in this `file`; - is standard input")
	b.StringVar(&f.secretEnv, "client-secret-env", "", "log in as the client of --client-id, with the secret in this `variable`")
	b.StringSliceVar(&f.scopes, "scope", nil, "request this `scope`; repeatable")
	b.StringVar(&f.redirectURI, "redirect-uri", "",
		"`address` of this machine that the browser ends at, if not the backend's own; without a port, any free one")
	b.BoolVar(&f.qr, "qr", false, "show the address as a QR code, too")
	b.DurationVar(&f.wait, "wait", 5*time.Minute, "how long you may take")
	return c
}

func (a *App) login(ctx context.Context, f loginFlags) error {
	l := &loggingIn{loginFlags: f, app: a}
	if err := l.prepare(); err != nil {
		return err
	}
	if err := l.person(); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, f.wait+grace)
	defer cancel()
	prompter := a.prompter(f.qr)
	l.tie = newTie(limited)
	cs, err := l.plan.OpenToLogin(limited, l.tied, clientset.WithPrompter(prompter))
	if err != nil {
		return err
	}
	defer cs.Close()
	if err := l.person(); err != nil { // now that the system's own flow is known
		return err
	}
	a.IO.Notef("Logging in to %s (%s).", endpointOf(cs), l.why())
	if !l.asking { // no person has to be waited for
		limited, cancel = a.limited(limited)
		defer cancel()
	}
	if !l.anonymous {
		err = cs.Login(limited)
	}
	if err != nil && limited.Err() != nil && l.tie.settle(cs) == nil {
		err = nil // it came too late
	}
	if c, ok := prompter.(io.Closer); ok {
		_ = c.Close()
	}
	switch {
	case l.anonymous, errors.Is(err, configstore.ErrNoLogin):
		err = l.withoutLogin(limited, cs)
	case err == nil:
		err = l.finish(limited, cs)
	}
	return l.explain(err)
}

// grace is how much longer than --wait a login may take, for the requests around it.
const grace = 15 * time.Second

// loggingIn is one run of jetway login.
type loggingIn struct {
	loginFlags

	app      *App
	settings connect.Settings
	plan     *connect.Plan
	secret   flow.Secret // of the client, where the flags say one
	tie      *tie

	asking    bool   // a person is needed
	anonymous bool   // the system needs no credentials, as far as is known
	source    string // of the credentials, where no person is needed
}

// prepare reads flags, profile and secrets.
func (l *loggingIn) prepare() (err error) {
	if err := l.check(); err != nil {
		return err
	}
	l.settings = l.app.connection()
	l.settings.MayBeNew, l.settings.HasSecret = true, l.secretFile != "" || l.secretEnv != ""
	l.asking = l.browser || l.paste || l.device
	l.settings.AddressOfKey = l.asking || l.settings.HasSecret
	if l.apiKey {
		key, err := l.app.piped("API key", "--api-key-stdin")
		if err != nil {
			return err
		}
		l.settings.Lookup, l.settings.FromKey = with(l.settings.Lookup, flyteAPIKey, key), true
	}
	if l.plan, err = l.settings.Plan(); err != nil {
		return l.ofKey(err)
	}
	if way := l.way(); way != "" && l.plan.Platform != connect.Flyte {
		err := fmt.Errorf("%s is for flyte, and this is %s (%s)", way, l.plan.Platform, l.plan.From)
		return failure.Exit(failure.Misuse, err, connect.Advice(l.plan.Platform))
	}
	if err := l.readSecrets(); err != nil {
		return err
	}
	return nil
}

// ofKey returns an error of the API key as one of standard input, where the key is from.
func (l *loggingIn) ofKey(err error) error {
	if wrong, ok := errors.AsType[*flyte.Error](err); ok && l.apiKey && wrong.Where == flyteAPIKey {
		return failure.Exit(failure.Config, fmt.Errorf("standard input: %w", wrong.Err), "copy the API key again, whole")
	}
	return err
}

// check returns an error for flags that exclude each other.
func (l *loggingIn) check() error {
	var chosen []string
	for _, way := range l.ways() {
		if way.chosen {
			chosen = append(chosen, way.flag)
		}
	}
	if len(chosen) > 1 {
		return failure.Usage("choose one of %s", strings.Join(chosen, " and "))
	}
	if len(l.scopes) > 0 && l.apiKey {
		return failure.Usage("--scope and --api-key-stdin exclude each other: an API key has its scopes")
	}
	if err := loopback.CheckRedirect(l.redirectURI); err != nil {
		return failure.Usage("--redirect-uri: %w", err)
	}
	if l.wait <= 0 {
		return failure.Usage("--wait %v: want more than 0", l.wait)
	}
	return nil
}

type way struct {
	flag   string
	chosen bool
}

func (l *loggingIn) ways() []way {
	return []way{
		{"--browser", l.browser},
		{"--no-browser", l.paste},
		{"--device", l.device},
		{"--api-key-stdin", l.apiKey},
		{"--client-secret-file", l.secretFile != ""},
		{"--client-secret-env", l.secretEnv != ""},
	}
}

// way returns the flag that says how to log in; empty for none.
func (l *loggingIn) way() string {
	for _, way := range l.ways() {
		if way.chosen {
			return way.flag
		}
	}
	return ""
}

// machine reports whether the login is that of a client with a secret, which is stored
// because the person says so.
func (l *loggingIn) machine() bool { return l.apiKey || !l.secret.IsZero() }

// readSecrets finds the client secret, and reads it once: what is wrong with it is said
// before anything is sent.
func (l *loggingIn) readSecrets() error {
	switch {
	case l.secretFile == "" && l.secretEnv == "":
		return nil
	case l.settings.ClientID == "" && l.plan.ClientID == "":
		return failure.Usage("%s needs --client-id", l.way())
	case l.secretFile == "-":
		text, err := l.app.piped("client secret", "--client-id ID --client-secret-file -")
		if err != nil {
			return err
		}
		l.secret = flow.SecretValue(text)
	case l.secretFile != "":
		l.secret = flow.SecretFile(l.secretFile)
	default:
		l.secret = flow.SecretEnv(l.secretEnv)
	}
	if text, err := l.secret.Read(); err != nil {
		return failure.Exit(failure.Config, fmt.Errorf("client secret: %w", err), "")
	} else if text == "" {
		return failure.Exit(failure.Config, fmt.Errorf("client secret: %v is empty", l.secret), "")
	}
	return nil
}
