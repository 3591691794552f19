package requestid_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/jetway-go/jetway/internal/requestid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestARequestIDTakesTwoAllocationsAtMost(t *testing.T) { //nolint:paralleltest // allocations are counted for the whole process
	var id string
	if got := testing.AllocsPerRun(1000, func() { id = requestid.New() }); got > 2 {
		t.Errorf("%v allocations for %s", got, id)
	}
}
