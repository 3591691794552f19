package keyring_test

import (
	"errors"
	"testing"

	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/doctor"
)

// storeStep is what doctor says of the usual store, and of the login.
func storeStep(t *testing.T) (store, stored doctor.Step) {
	t.Helper()
	report := doctor.Run(t.Context(), doctor.Endpoint("http://127.0.0.1:1", clientset.WithStore(&tokenstore.FlyteTools{})))
	for _, s := range report.Steps {
		switch s.Name {
		case "store":
			store = s
		case "login":
			stored = s
		}
	}
	return store, stored
}

// A keyring that would ask a person is named, and no window appears.
func TestDoctorShowsNoPromptOfALockedKeyring(t *testing.T) {
	t.Parallel()
	if !inside(t, busBare) {
		return
	}
	service := waitingService(t)
	if err := (&tokenstore.KeyringStore{}).Check(t.Context(), person); !errors.Is(err, tokenstore.ErrKeyringLocked) {
		t.Errorf("Check: %v", err)
	}
	if store, stored := storeStep(t); store.Problem != doctor.KeyringLocked || stored.State != doctor.Skipped {
		t.Errorf("%v\n%v", store, stored)
	}
	if prompts, _ := service.counts(); prompts != 0 {
		t.Errorf("%d prompts", prompts)
	}
}

func TestDoctorNamesALockedKeyring(t *testing.T) {
	t.Parallel()
	if !inside(t, busUsual) {
		return
	}
	conn := unlockedKeyring(t)
	mustStore(t, &tokenstore.KeyringStore{}, person, login("before"))
	lock(t, conn)
	if store, stored := storeStep(t); store.Problem != doctor.KeyringLocked || stored.State != doctor.Skipped {
		t.Errorf("%v\n%v", store, stored)
	}
}

func TestDoctorFindsAnUnlockedKeyringUsable(t *testing.T) {
	t.Parallel()
	if !inside(t, busUsual) {
		return
	}
	unlockedKeyring(t)
	if store, stored := storeStep(t); store.State != doctor.OK || stored.Problem != doctor.LoginNeeded {
		t.Errorf("%v\n%v", store, stored)
	}
}
