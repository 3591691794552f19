package transfer_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// childEnv makes this program play a part of a measurement instead of running tests.
const childEnv = "JETWAY_TEST_TRANSFER_CHILD"

func TestMain(m *testing.M) {
	if part := os.Getenv(childEnv); part != "" {
		os.Exit(playPart(part))
	}
	goleak.VerifyTestMain(m)
}
