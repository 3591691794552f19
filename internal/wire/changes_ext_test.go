package wire_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jetway-go/jetway/internal/wire"
)

// change is one thing done to the descriptors, and the lines that must name it.
type change struct {
	name   string
	change func(s *set)
	want   []string
}

// Names that the changes use more than once.
const (
	clusterProto  = "flyteidl2/cluster/payload.proto"
	selectRequest = "flyteidl2.cluster.SelectClusterRequest"
	operation     = selectRequest + ".Operation"
	runService    = "flyteidl2.workflow.RunService"
	run           = "flyteidl2.workflow.Run"
)

func changes() []change {
	return slices.Concat(fileChanges(), serviceChanges(), rpcChanges(), messageChanges(), fieldChanges(),
		enumChanges(), reservedChanges(), externalChanges(), otherChanges())
}

// TestEveryChangeIsNamed changes the linked descriptors in memory, one thing at a
// time, and wants exactly that thing named.
func TestEveryChangeIsNamed(t *testing.T) {
	t.Parallel()

	for _, tt := range changes() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := linkedSet(t)
			tt.change(s)

			got := wire.Compare(contract(t), wire.Rows(s.build()))

			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("differences named (-want +got):\n%s", diff)
			}
		})
	}
}

// TestEveryKindOfRowIsChanged keeps the list above whole.
func TestEveryKindOfRowIsChanged(t *testing.T) {
	t.Parallel()

	named := map[string]bool{}
	for _, c := range changes() {
		for _, line := range c.want {
			named[strings.Fields(line)[1]] = true
		}
	}
	for _, row := range contract(t) {
		if !named[row[0]] {
			t.Fatalf("no change touches a row of kind %s", row[0])
		}
	}
}

// TestUnchangedSetIsTheContract shows that the copy in which the changes are made
// is itself without a difference.
func TestUnchangedSetIsTheContract(t *testing.T) {
	t.Parallel()

	if got := wire.Compare(contract(t), wire.Rows(linkedSet(t).build())); len(got) != 0 {
		t.Errorf("differences named: %q", got)
	}
}
