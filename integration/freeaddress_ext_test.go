package integration_test

import (
	"testing"

	"github.com/jetway-go/jetway/integration"
)

// So many addresses would be equal to one another by chance in most runs.
func TestAnAddressIsGivenOnceAtATime(t *testing.T) {
	t.Parallel()
	given := map[string]bool{}
	for range 500 {
		address := integration.FreeAddress(t)
		if given[address] {
			t.Fatalf("%s was given twice", address)
		}
		given[address] = true
	}
}
