package flow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// personal returns the traits of every login that a person makes.
func personal(limit time.Duration) auth.Traits {
	return auth.Traits{
		Interactive: true, FileStorable: true, Name: auth.StoredFlow,
		Timeout: limit + 2*sendLimit, // the flow's own limit comes first and says more
	}
}

// either returns the traits of a flow that logs in like a or like b. What they say of the
// purpose of their logins holds where they agree.
func either(a, b auth.Traits) auth.Traits {
	a.Timeout = max(a.Timeout, b.Timeout)
	if a.ClientID != b.ClientID {
		a.ClientID = ""
	}
	if a.Audience != b.Audience {
		a.Audience = ""
	}
	if a.Scope != b.Scope {
		a.Scope = ""
	}
	return a
}

const noPrompter = "no Prompter"

func errNoPerson(why string) error {
	return fmt.Errorf("%w, but no person can answer here (%s): log in once where a person can,"+
		" or give this program a flow for machines, such as client credentials", auth.ErrInteractionRequired, why)
}

func errNotShown(err error) error {
	return fmt.Errorf("the Prompter could not show the login to the person: %w", err)
}

// personalConfig reads the configuration once for a whole login: all its steps must
// use the same server.
func personalConfig(ctx context.Context, env auth.Env) (configstore.ClientConfig, error) {
	if env.Config == nil {
		return configstore.ClientConfig{}, errNoConfig()
	}
	cfg, err := env.Config.ClientConfig(ctx)
	if err != nil {
		return cfg, err
	}
	for _, endpoint := range []*string{&cfg.TokenEndpoint, &cfg.AuthorizationEndpoint, &cfg.DeviceAuthorizationEndpoint} {
		*endpoint = strings.TrimSpace(*endpoint)
	}
	if cfg.TokenEndpoint == "" {
		return cfg, errNoTokenEndpoint()
	}
	_, err = checkEndpoint(env, "token", cfg.TokenEndpoint)
	return cfg, err
}

// fixedConfig is a configuration that stays the same for all steps.
type fixedConfig configstore.ClientConfig

func (c fixedConfig) ClientConfig(context.Context) (configstore.ClientConfig, error) {
	return configstore.ClientConfig(c), nil
}

// forgetStale makes the next login read the configuration again, if the server rejected
// what it says.
func forgetStale(ctx context.Context, env auth.Env, err error) {
	te := (*TokenError)(nil)
	inv, ok := env.Config.(configstore.Invalidator)
	if ok && (stale(err) || errors.As(err, &te) && te.unreachable()) {
		logger(env).InfoContext(ctx,
			"the server does not know this client or path, or cannot be reached; the next login reads the configuration again")
		inv.Invalidate()
	}
}
