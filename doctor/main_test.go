package doctor_test

import (
	"log"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain keeps the default store away from the logins of the user who runs the tests.
func TestMain(m *testing.M) {
	home, err := os.MkdirTemp("", "jetway")
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "AppData", "LocalAppData"} {
		if err := os.Setenv(name, home); err != nil {
			log.Fatal(err)
		}
	}
	if err := os.Unsetenv("DBUS_SESSION_BUS_ADDRESS"); err != nil {
		log.Fatal(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(home)
		os.Exit(code)
	}))
}
