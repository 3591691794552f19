//go:build !unix

package tokenstore

import (
	"io/fs"
	"os"
)

// othersMay: where modes say nothing about access, the directory's access rules
// decide.
func othersMay(fs.FileInfo) fs.FileMode { return 0 }

// foreign: owners are not known here.
func foreign(fs.FileInfo) bool { return false }

// syncDir: directories cannot be synced here.
func syncDir(*os.Root) {}
