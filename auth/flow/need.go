package flow

import (
	"context"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// needing returns env for a login that cannot be made without a token endpoint, without a
// client where the flow names none itself, and without the other fields in need. Where
// the program sets them all, nothing else is asked for the configuration.
func needing(env auth.Env, client string, need ...configstore.Field) auth.Env {
	if env.Config == nil {
		return env
	}
	need = append(need, configstore.FieldTokenEndpoint)
	if client == "" {
		need = append(need, configstore.FieldClientID)
	}
	env.Config = neededConfig{env.Config, need}
	return env
}

// neededConfig is a configuration of which a login needs these fields.
type neededConfig struct {
	configstore.ClientConfigStore

	need []configstore.Field
}

func (a neededConfig) ClientConfig(ctx context.Context) (configstore.ClientConfig, error) {
	return configstore.Ask(ctx, a.ClientConfigStore, a.need...)
}

// Invalidate forwards to the store.
func (a neededConfig) Invalidate() {
	if inv, ok := a.ClientConfigStore.(configstore.Invalidator); ok {
		inv.Invalidate()
	}
}
