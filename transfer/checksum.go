package transfer

import (
	"bytes"
	"crypto/md5" //nolint:gosec // what storage hosts give
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"net/http"
	"strings"
)

// sums are the checksums of a whole object that its storage host gives; each may be nil.
type sums struct{ md5, crc32c []byte }

// sumsOf reads the headers of an answer; whole says that it has the whole object. An ETag
// is no checksum: that of an encrypted or composed object looks like one and is none.
func sumsOf(h http.Header, whole bool) sums {
	var s sums
	if recoded(h) {
		return s
	}
	// What the backend had stored with an upload, see add_content_md5_metadata.
	for _, prefix := range []string{"X-Amz-Meta-", "X-Goog-Meta-", "X-Ms-Meta-"} {
		take(&s.md5, h.Get(prefix+"Flytecontentmd5"), md5.Size)
	}
	take(&s.md5, h.Get("X-Ms-Blob-Content-Md5"), md5.Size)
	if whole { // else these are those of the part
		take(&s.md5, h.Get("Content-MD5"), md5.Size)
		take(&s.crc32c, h.Get("X-Amz-Checksum-Crc32c"), crc32.Size)
	}
	for _, line := range h.Values("X-Goog-Hash") {
		for pair := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			switch name {
			case "md5":
				take(&s.md5, value, md5.Size)
			case "crc32c":
				take(&s.crc32c, value, crc32.Size)
			}
		}
	}
	return s
}

// recoded reports whether the checksums may be those of the content in another encoding
// than it comes in: Google's storage decompresses what is stored compressed.
func recoded(h http.Header) bool {
	stored := h.Get("X-Goog-Stored-Content-Encoding")
	return h.Get("Content-Encoding") != "" || stored != "" && stored != "identity"
}

// take sets a checksum if text is one of size bytes in base64.
func take(to *[]byte, text string, size int) {
	if sum, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(text)); err == nil && len(sum) == size {
		*to = sum
	}
}

// checker compares content with the checksum that costs least.
type checker struct {
	name string
	hash hash.Hash
	want []byte
}

// checker returns nil if there is no checksum.
func (s sums) checker() *checker {
	switch {
	case s.crc32c != nil:
		return &checker{"CRC32C", crc32.New(crc32.MakeTable(crc32.Castagnoli)), s.crc32c}
	case s.md5 != nil:
		return &checker{"MD5", md5.New(), s.md5} //nolint:gosec // what there is
	default:
		return nil
	}
}

// check returns an error if the content that was written to the hash is not what the host
// says.
func (c *checker) check() error {
	got := c.hash.Sum(nil)
	if bytes.Equal(got, c.want) {
		return nil
	}
	return fmt.Errorf("%w: %s %s, and the storage host says %s", ErrChecksum, c.name, digits(got), digits(c.want))
}

func digits(sum []byte) string {
	if len(sum) == crc32.Size {
		return fmt.Sprintf("%08x", binary.BigEndian.Uint32(sum))
	}
	return hex.EncodeToString(sum)
}
