package redisstore

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// RunChild is main of the processes that the fleet tests start.
var RunChild func() int

func TestMain(m *testing.M) {
	if os.Getenv("JETWAY_TEST_CHILD") != "" {
		os.Exit(RunChild())
	}
	goleak.VerifyTestMain(m)
}
