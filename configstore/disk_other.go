//go:build !unix

// Access rules of the user's own directory take the place of modes here.

package configstore

import "io/fs"

// othersMay returns 0: modes say nothing about other users here.
func othersMay(fs.FileInfo) fs.FileMode { return 0 }

// foreign returns false: owners are not known here.
func foreign(fs.FileInfo) bool { return false }
