package flow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// Method is a way for a person to log in.
type Method int

const (
	// MethodAuto chooses by the environment and by what the server supports.
	MethodAuto Method = iota
	// MethodBrowser opens a browser on this machine.
	MethodBrowser
	// MethodPaste shows an address, and reads the one that the browser ended at.
	MethodPaste
	// MethodDevice shows an address and a code, for a browser on any machine.
	MethodDevice
)

// String returns the method's name: "auto", "browser", "paste" or "device".
func (m Method) String() string {
	switch m {
	case MethodAuto:
		return "auto"
	case MethodBrowser:
		return "browser"
	case MethodPaste:
		return "paste"
	case MethodDevice:
		return "device"
	default:
		return fmt.Sprintf("Method(%d)", int(m))
	}
}

// Auto logs a person in: with a browser where one can be opened, else with the device
// flow where the server has it for this client, else with an address to open on another
// machine and one to paste back. Where no person can answer, it fails at once with
// [auth.ErrInteractionRequired] instead of waiting.
//
// Errors are the errors of [PKCE] and [DeviceCode].
type Auto struct {
	// PKCE is used with a browser, on this machine or another. Its Device and NoBrowser
	// are ignored: Auto chooses.
	PKCE PKCE
	// Device is used for the device flow.
	Device DeviceCode
	// Method is the person's own choice; the zero value leaves it to Auto.
	Method Method
	// Environment describes where the program runs; nil means [DetectEnvironment].
	Environment *Environment
}

var (
	_ auth.TraitedFlow = Auto{}
	_ auth.Renewer     = Auto{}
)

const nameAuto = "auto"

// Obtain asks a person to log in.
func (f Auto) Obtain(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	environment := f.environment()
	if env.Prompter == nil {
		return nil, failed(nameAuto, errNoPerson(noPrompter))
	}
	if why := environment.unattended(); why != "" && f.Method == MethodAuto {
		return nil, failed(nameAuto, errNoPerson(why))
	}
	cfg, err := personalConfig(ctx, f.needing(env, environment))
	if err != nil {
		return nil, failed(nameAuto, err)
	}
	_, replies := env.Prompter.(auth.Replier)
	method, err := choose(f.Method, cfg, environment, replies)
	if err != nil {
		return nil, failed(nameAuto, err)
	}
	logger(env).DebugContext(ctx, "logging a person in", slog.String("method", method.String()))
	if method == MethodDevice {
		c, err := f.Device.Obtain(ctx, env, prev)
		if f.Method == MethodDevice || !replies || cfg.AuthorizationEndpoint == "" || !noDeviceFlow(err) {
			return c, err
		}
		logger(env).InfoContext(ctx, "the server refuses the device flow to this client; an address can be pasted instead",
			slog.Any("error", err))
		method = MethodPaste
	}
	return f.browsing(method, environment).Obtain(ctx, env, prev)
}

// needing returns env for the method that is wished for, or that suits the machine.
func (f Auto) needing(env auth.Env, environment Environment) auth.Env {
	if f.Method == MethodDevice || f.Method == MethodAuto && !environment.browsing() {
		return needing(env, f.Device.ClientID, configstore.FieldDeviceAuthorizationEndpoint)
	}
	return needing(env, f.PKCE.ClientID, configstore.FieldAuthorizationEndpoint)
}

// browsing returns the login with a browser, on this machine or another.
func (f Auto) browsing(method Method, environment Environment) PKCE {
	b := f.PKCE
	b.Device, b.NoBrowser, b.Environment = nil, method == MethodPaste, &environment
	if f.Method == MethodBrowser {
		b.Environment = &Environment{Browser: true}
	}
	if f.Method == MethodAuto && method == MethodBrowser {
		b.Device = &f.Device // if no port can be listened on
	}
	return b
}

// noDeviceFlow reports whether err is the server's answer that it has no device flow for
// this client. Discovery describes the server, not the client.
func noDeviceFlow(err error) bool {
	te := (*TokenError)(nil)
	if !errors.As(err, &te) || te.purpose != purposeDevice {
		return false
	}
	switch te.Code {
	case "unauthorized_client", "unsupported_grant_type":
		return true
	case "":
		return te.absent()
	default:
		return false
	}
}

// Renew sends the refresh token of prev, without a person.
func (f Auto) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	return f.PKCE.Renew(ctx, env, prev)
}

// Revoke revokes the tokens of creds (RFC 7009), the refresh token first. It returns
// nil if the server does not support revocation.
func (f Auto) Revoke(ctx context.Context, env auth.Env, creds *auth.Credentials) error {
	return f.PKCE.Revoke(ctx, env, creds)
}

// Traits returns those of an interactive flow, with the longer of the two time limits. A
// client, an audience or scopes that PKCE and Device name differently are left out: either
// may have made the login.
func (f Auto) Traits() auth.Traits {
	browsing := f.PKCE
	browsing.Device = nil
	return either(browsing.Traits(), f.Device.Traits())
}

func (f Auto) environment() Environment {
	if f.Environment != nil {
		return *f.Environment
	}
	return DetectEnvironment()
}

// choose picks the method; replies says that an address can be pasted.
func choose(wish Method, cfg configstore.ClientConfig, environment Environment, replies bool) (Method, error) {
	browse, device := cfg.AuthorizationEndpoint != "", cfg.DeviceAuthorizationEndpoint != ""
	switch {
	case wish < MethodAuto || wish > MethodDevice:
		return 0, setting(fmt.Errorf("unknown method %d", int(wish)))
	case wish == MethodDevice && !device:
		return 0, setting(errors.New("the server has no device flow; log in with a browser instead"))
	case wish != MethodAuto && wish != MethodDevice && !browse:
		return 0, setting(errors.New("the server has no login in a browser; use the device flow instead"))
	case wish != MethodAuto:
		return wish, nil
	case !browse && !device:
		return 0, setting(errors.New("the configuration names neither an authorization endpoint nor a device authorization endpoint:" +
			" people cannot log in at this server; use a flow for machines, such as client credentials"))
	case browse && environment.browsing():
		return MethodBrowser, nil
	case device:
		return MethodDevice, nil
	case replies:
		return MethodPaste, nil
	default:
		return 0, fmt.Errorf("%w: no browser can be opened here, the server has no device flow, and nothing reads a pasted address:"+
			" log in on a machine with a browser, or name one in $BROWSER", auth.ErrInteractionRequired)
	}
}
