//go:build unix

// Owners and modes of files are Unix's.

package configstore

import (
	"io/fs"
	"os"
	"syscall"
)

// othersMay returns what group and world may do with a file.
func othersMay(info fs.FileInfo) fs.FileMode { return info.Mode().Perm() & 0o077 }

// foreign reports whether a file belongs to another user.
func foreign(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(st.Uid) != os.Geteuid()
}
