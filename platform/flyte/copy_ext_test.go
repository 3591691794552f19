package flyte_test

import (
	"testing"

	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/platform/flyte"
)

// Load returns a pointer; a copy of the Config shows no secret either.
func TestACopiedConfigPrintsNoSecret(t *testing.T) {
	t.Parallel()
	c := flyte.Config{
		ProxyURL: "http://user:canary@proxy.example.com", Command: []string{"helper", "canary"}, ProxyCommand: []string{"helper", "canary"},
	}
	var seen secrettest.Sink
	for _, v := range []any{c, &c, []flyte.Config{c}, map[string]any{"config": c}, struct{ C flyte.Config }{c}} {
		seen.Dump(v)
	}
	seen.Hides(t, "canary")
}
