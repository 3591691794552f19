package flyte

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// maxMerges is how many mappings may be merged into others in one file. A file that
// merges a mapping into itself, or lists of lists, would otherwise never end.
const maxMerges = 64

// pair is one key of a mapping, with its line, and its value, which may be an alias.
type pair struct {
	key   string
	line  int
	value *yaml.Node
}

// pairs returns the keys of a mapping, in order, and after them those of the mappings
// that it merges with "<<". A key of its own wins over those, and an earlier one of them
// over a later one.
func (d *document) pairs(n *yaml.Node, what string) ([]pair, error) {
	own, merged, err := d.ownPairs(n, what)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, p := range own {
		seen[p.key] = true
	}
	for _, m := range merged {
		if d.merges++; d.merges > maxMerges {
			return nil, d.fail(m.Line, "%s merges too many mappings, or one into itself (<<)", what)
		}
		more, err := d.pairs(follow(m), what)
		if err != nil {
			return nil, err
		}
		for _, p := range more {
			if !seen[p.key] {
				seen[p.key] = true
				own = append(own, p)
			}
		}
	}
	return own, nil
}

// ownPairs returns the keys that are written in the mapping itself, and the mappings that
// it merges.
func (d *document) ownPairs(n *yaml.Node, what string) (own []pair, merged []*yaml.Node, err error) {
	if n.Kind != yaml.MappingNode {
		return nil, nil, d.fail(n.Line, "%s must be a mapping (key: value)", what)
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := follow(n.Content[i]), n.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			return nil, nil, d.fail(k.Line, "%s has a key that is not text", what)
		}
		if first, twice := seen[k.Value]; twice {
			return nil, nil, d.fail(k.Line, "%.80q is in %s twice, first in line %d", k.Value, what, first)
		}
		seen[k.Value] = k.Line
		switch target := follow(v); {
		case k.ShortTag() != "!!merge":
			own = append(own, pair{k.Value, k.Line, v})
		case target.Kind == yaml.SequenceNode:
			merged = append(merged, target.Content...)
		case target.Kind == yaml.MappingNode:
			merged = append(merged, target)
		default:
			return nil, nil, d.fail(k.Line, "%s must merge (<<) a mapping, or a list of them", what)
		}
	}
	return own, merged, nil
}

// hasAnchor reports whether n, as it is written there, has something to refer to from
// elsewhere in the file.
func hasAnchor(n *yaml.Node) bool { return n.Anchor != "" || slices.ContainsFunc(n.Content, hasAnchor) }
