package keyring_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain looks for goroutines left behind, except in the process of one test: a
// call to the keyring that hangs is left to itself on purpose.
func TestMain(m *testing.M) {
	if os.Getenv(insideName) != "" {
		os.Exit(m.Run())
	}
	goleak.VerifyTestMain(m)
}
