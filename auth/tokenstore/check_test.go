package tokenstore

import (
	"errors"
	"testing"

	"github.com/jetway-go/jetway/auth"
)

// lockedKeyring tells that it is locked, and fails the test if it is used all the same.
type lockedKeyring struct {
	*fakeKeyring

	locked bool
	err    error
}

func (l *lockedKeyring) Locked() (bool, error) { return l.locked, l.err }

func TestCheckOfAKeyringUsesNoItem(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		items *lockedKeyring
		want  error
	}{
		"open":   {&lockedKeyring{fakeKeyring: &fakeKeyring{}}, nil},
		"locked": {&lockedKeyring{fakeKeyring: &fakeKeyring{}, locked: true}, ErrKeyringLocked},
		"absent": {&lockedKeyring{fakeKeyring: &fakeKeyring{}, err: errors.New("no such service")}, ErrKeyringUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			system := &systemKeyring{items: tt.items, host: &keyringHost{goos: "darwin"}}
			s := &FlyteTools{Keyring: &KeyringStore{system: system}}
			if err := s.Check(t.Context(), auth.Key{Endpoint: "h"}); !errors.Is(err, tt.want) || tt.want == nil && err != nil {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if tt.items.calls != 0 {
				t.Errorf("%d calls for items, which may ask a person", tt.items.calls)
			}
		})
	}
}
