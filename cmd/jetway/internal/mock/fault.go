package mock

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/mockserver/presets"
)

// faultNames returns what --fault takes.
func faultNames() []string {
	var names []string
	for _, p := range presets.All() {
		names = append(names, p.Name)
	}
	return names
}

// checkFaults returns an error for a fault that there is not, and for two of which one would
// be without effect.
func (f *Flags) checkFaults() error {
	for _, name := range f.faults {
		if _, ok := presets.Find(name); !ok {
			return fmt.Errorf("--fault %q: want one of %s", name, strings.Join(faultNames(), ", "))
		}
	}
	set := map[string]string{}
	for _, p := range f.chosen() {
		for _, what := range p.Sets {
			if before := set[what]; before != "" {
				return fmt.Errorf("--fault %s and --fault %s both say %s: give one of them", before, p.Name, what)
			}
			set[what] = p.Name
		}
	}
	return nil
}

// chosen returns the faults that the flags name.
func (f *Flags) chosen() []presets.Preset {
	return slices.DeleteFunc(presets.All(), func(p presets.Preset) bool { return !slices.Contains(f.faults, p.Name) })
}
