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
	// MethodAuto looks at the surroundings and at what the server has.
	MethodAuto Method = iota
	// MethodBrowser opens a browser on this machine.
	MethodBrowser
	// MethodPaste shows an address, and takes the one that the browser ended at.
	MethodPaste
	// MethodDevice shows an address and a code for any other machine.
	MethodDevice
)

// String is the method's name: "auto", "browser", "paste" or "device".
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

// Auto logs a person in, in the way that suits: with a browser where one can be
// opened, else with the device flow where the server has it for this client, else
// by an address to open elsewhere and one to paste back. Where nobody could
// answer, it says so at once instead of waiting.
//
// Errors are those of [PKCE] and [DeviceCode].
type Auto struct {
	// PKCE is used with a browser, here or elsewhere. Its Device and NoBrowser do
	// not count: choosing is what Auto does.
	PKCE PKCE
	// Device is used for the device flow.
	Device DeviceCode
	// Method is the person's own choice; the zero value leaves it to Auto.
	Method Method
	// Environment tell where the program runs; nil means to look.
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
		return nil, failed(nameAuto, errNobody(noPrompter))
	}
	if why := environment.unattended(); why != "" && f.Method == MethodAuto {
		return nil, failed(nameAuto, errNobody(why))
	}
	cfg, err := personalConfig(ctx, env)
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
		logger(env).InfoContext(ctx, "the device flow is not for this client, an address can be pasted instead", slog.Any("error", err))
		method = MethodPaste
	}
	return f.browsing(method, environment).Obtain(ctx, env, prev)
}

// browsing is the login with a browser, here or elsewhere.
func (f Auto) browsing(method Method, environment Environment) PKCE {
	b := f.PKCE
	b.Device, b.NoBrowser, b.Environment = nil, method == MethodPaste, &environment
	if f.Method == MethodBrowser {
		b.Environment = &Environment{Browser: true}
	}
	if f.Method == MethodAuto && method == MethodBrowser {
		b.Device = &f.Device // should there be nothing to listen on
	}
	return b
}

// noDeviceFlow tells whether err is a server's word that it has no device flow for
// this client. Documents tell of the server as a whole.
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

// Renew sends the refresh token of prev; nobody is asked.
func (f Auto) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	return f.PKCE.Renew(ctx, env, prev)
}

// Revoke takes the tokens of creds back (RFC 7009), the refresh token first. A
// server that cannot is no error.
func (f Auto) Revoke(ctx context.Context, env auth.Env, creds *auth.Credentials) error {
	return f.PKCE.Revoke(ctx, env, creds)
}

// Traits say that a person is needed, and for how long.
func (f Auto) Traits() auth.Traits { return personal(max(f.PKCE.limit(), f.Device.limit())) }

func (f Auto) environment() Environment {
	if f.Environment != nil {
		return *f.Environment
	}
	return DetectEnvironment()
}

// choose picks the method. replies tells whether an address could be pasted.
func choose(wish Method, cfg configstore.ClientConfig, environment Environment, replies bool) (Method, error) {
	browse, device := cfg.AuthorizationEndpoint != "", cfg.DeviceAuthorizationEndpoint != ""
	switch {
	case wish < MethodAuto || wish > MethodDevice:
		return 0, fmt.Errorf("unknown method %d", int(wish))
	case wish == MethodDevice && !device:
		return 0, errors.New("the server has no device flow, log in with a browser instead")
	case wish != MethodAuto && wish != MethodDevice && !browse:
		return 0, errors.New("the server has no login in a browser, use the device flow instead")
	case wish != MethodAuto:
		return wish, nil
	case !browse && !device:
		return 0, errors.New("the configuration names neither an authorization endpoint nor a device authorization endpoint:" +
			" people cannot log in at this server; use a flow for machines, such as client credentials")
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
