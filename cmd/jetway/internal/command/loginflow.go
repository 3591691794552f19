package command

import (
	"cmp"
	"errors"
	"strings"
	"syscall"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/cmd/jetway/internal/connect"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/platform/flyte"
)

const flyteAPIKey = flyte.EnvAPIKey

// choose returns the flow: the one that the flags ask for, or the system's own.
func (l *loggingIn) choose(own auth.Flow) auth.Flow {
	if own != nil && connect.IsThisCommand(own) {
		own = nil
	}
	if traits := auth.TraitsOf(own); l.plan.Platform != connect.Flyte {
		l.anonymous = own != nil && traits.Interactive && traits.Unstored
		l.asking = own != nil && traits.Interactive && !traits.Unstored
		return own
	}
	switch {
	case l.apiKey:
		return kept{own}
	case !l.secret.IsZero():
		return kept{flow.ClientCredentials{ClientID: cmp.Or(l.settings.ClientID, l.plan.ClientID), Secret: l.secret, Scopes: l.scopes}}
	}
	auto := flow.Auto{}
	switch own := own.(type) {
	case nil:
	case flow.PKCE:
		auto.PKCE = own
	case flow.DeviceCode:
		auto.Device, auto.Method = own, flow.MethodDevice
	default:
		if !l.asking { // no flag says otherwise
			l.source = flowName(own)
			return own
		}
	}
	l.asking = true
	return l.forPerson(auto)
}

// flowName returns the name of a flow that the system's own settings choose, for people.
func flowName(f auth.Flow) string {
	if c, ok := f.(flow.Command); ok {
		return c.String()
	}
	kind, _, _ := strings.Cut(auth.TraitsOf(f).Name, "/") // what follows is the client
	return strings.ReplaceAll(kind, "_", " ")
}

// tied is what choose returns, tied to the command if there will be a login to store.
func (l *loggingIn) tied(own auth.Flow) auth.Flow {
	chosen := l.choose(own)
	if l.asking || l.machine() {
		return l.tie.flow(chosen)
	}
	return chosen
}

// forPerson is auto as the flags change it.
func (l *loggingIn) forPerson(auto flow.Auto) auth.Flow {
	if len(l.scopes) > 0 {
		auto.PKCE.Scopes, auto.Device.Scopes = l.scopes, l.scopes
	}
	auto.PKCE.RedirectURI = cmp.Or(l.redirectURI, auto.PKCE.RedirectURI)
	auto.PKCE.Timeout, auto.Device.Timeout = l.wait, l.wait
	switch {
	case l.browser:
		auto.Method = flow.MethodBrowser
	case l.paste:
		auto.Method = flow.MethodPaste
	case l.device:
		auto.Method = flow.MethodDevice
	}
	return auto
}

// person returns an error where a person is needed and cannot be asked. With a flag that
// says how to log in, an address can be shown without a terminal, too.
func (l *loggingIn) person() error {
	here := flow.DetectEnvironment()
	var why string
	switch {
	case !l.asking:
		return nil
	case l.app.IO.NoInput:
		why = "--no-input is set"
	case l.paste && !l.app.IO.InTerminal:
		why = "--no-browser reads an address from a terminal, and standard input is none"
	case l.browser || l.paste || l.device:
		return nil
	case here.CI:
		why = "$CI is set"
	case !here.Terminal:
		why = "there is no terminal"
	default:
		return nil
	}
	return failure.Exit(failure.Auth, errors.New("a person has to log in, and cannot be asked here: "+why), wayOut)
}

// wayOut says how to log in where no person can be asked.
const wayOut = "without a person: set " + flyteAPIKey + ", or add --api-key-stdin, or --client-id with --client-secret-file;" +
	" --device shows an address and a code without a terminal, too"

// why says where the backend and its kind come from.
func (l *loggingIn) why() string {
	if l.apiKey {
		return l.plan.Platform + ": API key"
	}
	from := []string{l.plan.Platform + ": " + cmp.Or(l.plan.From, "default")}
	for _, v := range l.plan.Values {
		if v.Key == "endpoint" || v.Key == flyte.KeyEndpoint {
			from = append(from, "address: "+v.Source)
			break
		}
	}
	return strings.Join(from, ", ")
}

// explain adds to an error what it means for a person who logs in.
func (l *loggingIn) explain(err error) error {
	if err == nil {
		return nil
	}
	hint := connect.Advice(l.plan.Platform)
	switch f := failure.Of(err); {
	case errors.Is(err, syscall.EADDRINUSE):
		return failure.Exit(failure.Conflict, err,
			"another program listens there, maybe another login: end it, or use --device or --redirect-uri http://127.0.0.1/callback")
	case errors.Is(err, auth.ErrInteractionRequired):
		return failure.Exit(failure.Auth, errors.New(f.Detail), wayOut)
	case f.Exit == failure.Config && l.plan.Platform != connect.Flyte:
		return failure.Exit(failure.Config, err, hint)
	case f.Exit != failure.Auth:
		return err
	case errors.Is(err, auth.ErrDeclined):
		return failure.Exit(failure.Auth, err, "run jetway login again when you want to log in")
	case hint != "":
		return failure.Exit(failure.Auth, err, hint)
	case l.machine() || !l.asking:
		return failure.Exit(failure.Auth, err, "check the client ID and the secret")
	default:
		return failure.Exit(failure.Auth, err, "run: jetway doctor")
	}
}

// kept stores the login of a machine where those of people are stored, because a person
// asked for it by this command.
type kept struct{ auth.Flow }

// Traits returns those of a person's login that no person is needed for.
func (k kept) Traits() auth.Traits {
	t := auth.TraitsOf(k.Flow)
	t.Name, t.FileStorable, t.Unstored = auth.StoredFlow, true, false
	return t
}

// Check returns what the flow says that it lacks.
func (k kept) Check() error {
	if c, ok := k.Flow.(interface{ Check() error }); ok {
		return c.Check()
	}
	return nil
}
