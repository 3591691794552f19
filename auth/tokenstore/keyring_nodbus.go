//go:build !((dragonfly && cgo) || (freebsd && cgo) || linux || netbsd || openbsd)

package tokenstore

import "github.com/zalando/go-keyring"

// Replace replaces the item or makes it. These keyrings have one item of a name, and know no
// attributes.
func (libraryItems) Replace(service, user, value, _ string, _ func(string) bool) error {
	return keyring.Set(service, user, value)
}
