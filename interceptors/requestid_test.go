package interceptors

import "testing"

func TestARequestIDTakesTwoAllocationsAtMost(t *testing.T) { //nolint:paralleltest // allocations are counted for the whole process
	var id string
	if got := testing.AllocsPerRun(1000, func() { id = newRequestID() }); got > 2 {
		t.Errorf("%v allocations for %s", got, id)
	}
}
