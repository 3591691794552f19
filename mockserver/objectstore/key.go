package objectstore

import (
	"maps"
	"slices"
	"strings"
)

// validKey reports whether a key can be part of a URL: proxies and routers rewrite empty,
// "." and ".." segments.
func validKey(key string) bool {
	return !slices.ContainsFunc(strings.Split(key, "/"), func(seg string) bool {
		return seg == "" || seg == "." || seg == ".."
	})
}

func (i Info) clone() Info {
	i.Metadata = maps.Clone(i.Metadata)
	return i
}
