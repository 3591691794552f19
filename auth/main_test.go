package auth_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" { // started by a test, as one of many processes
		os.Exit(runChild())
	}
	goleak.VerifyTestMain(m)
}
