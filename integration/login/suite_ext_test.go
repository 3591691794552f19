package login_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
)

// scenario is one thing that must work, or be told apart, at every server.
type scenario struct {
	name string
	run  func(t *testing.T, p *provider)
}

// suite is all of them.
func suite() []scenario {
	return slices.Concat(documentScenarios(), machineScenarios(), personScenarios(), deviceScenarios(), lifeScenarios())
}

// TestSuite runs every scenario at every server.
func TestSuite(t *testing.T) {
	t.Parallel()
	for _, name := range slices.Sorted(maps.Keys(starts)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := starts[name](t, settings{})
			p.again = starts[name]
			for _, s := range suite() {
				t.Run(s.name, func(t *testing.T) { s.run(t, p) })
			}
		})
	}
}

// wantRefusal checks how a program is told that the server said no for good: code
// is the error code of RFC 6749 §5.2.
func wantRefusal(t *testing.T, err error, code string) {
	t.Helper()
	if !errors.Is(err, auth.ErrRejected) || status.Code(err) != codes.Unauthenticated {
		t.Errorf("%v is no refusal (%v)", err, status.Code(err))
	}
	if te, ok := errors.AsType[*flow.TokenError](err); !ok || te.Code != code {
		t.Errorf("%v; want error code %q", err, code)
	}
}
