//go:build unix

package tokenstore

import "testing"

func TestTrustedOwners(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		owner, me int
		want      bool
	}{{1000, 1000, true}, {0, 1000, true}, {1001, 1000, false}, {1000, 0, true}, {0, 0, true}} {
		if got := trusted(c.owner, c.me); got != c.want {
			t.Errorf("a file of %d is trusted by %d: %v", c.owner, c.me, got)
		}
	}
}
