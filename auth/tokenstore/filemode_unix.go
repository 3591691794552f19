//go:build unix

package tokenstore

import (
	"io/fs"
	"os"
	"syscall"
)

// othersMay returns what group and world may do with a file.
func othersMay(info fs.FileInfo) fs.FileMode { return info.Mode().Perm() & 0o077 }

// foreign reports whether a file belongs to a user who is not trusted.
func foreign(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && !trusted(int(st.Uid), os.Geteuid())
}

// trusted reports whether a file's owner is this user or root; root, who may act for a
// user, trusts every owner.
func trusted(owner, me int) bool { return owner == me || owner == 0 || me == 0 }

// syncDir makes a rename survive a power cut. A file system that cannot do that has
// still renamed the file, so there is no error.
func syncDir(d *os.Root) {
	f, err := d.Open(".")
	if err != nil {
		return
	}
	_ = f.Sync()
	_ = f.Close()
}
