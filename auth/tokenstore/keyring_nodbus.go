//go:build !((dragonfly && cgo) || (freebsd && cgo) || linux || netbsd || openbsd)

package tokenstore

import "github.com/zalando/go-keyring"

// Set replaces an item or makes it. These keyrings know no application's mark.
func (libraryItems) Set(service, user, value, _ string) error {
	return keyring.Set(service, user, value)
}
