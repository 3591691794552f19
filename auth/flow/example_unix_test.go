//go:build unix

package flow_test

import (
	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
)

func ExampleCommand() {
	obtain(flow.Command{Argv: []string{"echo", `{"access_token":"printed","expires_in":600}`}}, auth.Env{})
	// Output:
	// authorization: Bearer printed
}
