package login_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(crowdName) != "" {
		oneOfManyProcesses()
		return
	}
	goleak.VerifyTestMain(m)
}
