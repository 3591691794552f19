package interceptors

import (
	"regexp"
	"testing"
)

func TestRequestIDsTakeHardlyAnAllocation(t *testing.T) { //nolint:paralleltest // allocations are counted for the whole process
	var ids requestIDs
	var id string
	if got := testing.AllocsPerRun(1000, func() { id = ids.next() }); got > 0 {
		t.Errorf("%v allocations for %s", got, id)
	}
}

func TestRequestIDsAreRandomUUIDs(t *testing.T) {
	t.Parallel()
	uuid := regexp.MustCompile("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
	var ids requestIDs
	seen := map[string]bool{}
	for range 3 * idsAtOnce {
		id := ids.next()
		if !uuid.MatchString(id) || seen[id] {
			t.Errorf("%q, seen before: %t", id, seen[id])
		}
		seen[id] = true
	}
}
