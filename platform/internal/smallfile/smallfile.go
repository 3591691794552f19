// Package smallfile reads the small files in which systems keep settings and tokens.
// An environment variable may name the file, so what it names can be anything: [Read]
// refuses what is not a regular file of moderate size.
package smallfile

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// Limit is how large a file may be, in bytes: more than any of them needs.
const Limit = 1 << 20

// byteOrderMark is what some editors begin a text file with. It is not part of the
// content, and JSON must not have it (RFC 8259 §8.1).
const byteOrderMark = "\ufeff"

// Read returns the content of a regular file of at most [Limit] bytes, without a
// byte order mark. It follows symbolic links, which mounted secrets are. It returns an
// error at once for anything else, such as a directory, or a pipe, which could block.
// The error names the file and wraps that of the operating system.
func Read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, Limit+1))
	if err != nil {
		return nil, err
	}
	if len(content) > Limit {
		return nil, fmt.Errorf("file %s is larger than %d KiB", path, Limit>>10)
	}
	return bytes.TrimPrefix(content, []byte(byteOrderMark)), nil
}
