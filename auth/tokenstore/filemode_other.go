//go:build !unix

package tokenstore

import (
	"io/fs"
	"os"
)

// othersMay returns 0: here the directory's access rules decide, not modes.
func othersMay(fs.FileInfo) fs.FileMode { return 0 }

// foreign returns false: owners are not known here.
func foreign(fs.FileInfo) bool { return false }

// syncDir does nothing: directories cannot be synced here.
func syncDir(*os.Root) {}
