//go:build unix

package tokenstore

import (
	"io/fs"
	"os"
	"syscall"
)

// othersMay is what group and world may do with a file.
func othersMay(info fs.FileInfo) fs.FileMode { return info.Mode().Perm() & 0o077 }

// foreign reports whether a file belongs to a user who is not trusted.
func foreign(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && !trusted(int(st.Uid), os.Geteuid())
}

// trusted is true for files of one's own and of root, and for root itself, who
// may be acting for a user.
func trusted(owner, me int) bool { return owner == me || owner == 0 || me == 0 }

// syncDir makes a rename last through a power cut. A file system that cannot do
// so has still done the rename, hence no error.
func syncDir(d *os.Root) {
	f, err := d.Open(".")
	if err != nil {
		return
	}
	_ = f.Sync()
	_ = f.Close()
}
