package transfer

import (
	"crypto/md5"
	"encoding/base64"
	"hash/crc32"
	"net/http"
	"strings"
	"testing"
)

// Whatever a host sends, a checksum is of its size or none, and it is one that was sent.
func FuzzChecksumsOfHeaders(f *testing.F) {
	sum := base64.StdEncoding.EncodeToString(make([]byte, md5.Size))
	f.Add("X-Goog-Hash", "crc32c=AAAAAA==,md5="+sum, "", true)
	f.Add("Content-MD5", sum, "gzip", true)
	f.Add("X-Amz-Checksum-Crc32c", "AAAAAA==-3", "", true)
	f.Add("X-Ms-Blob-Content-Md5", sum[1:], "", false)
	f.Add("x-amz-meta-flytecontentmd5", "\n"+sum, "", false)
	f.Fuzz(func(t *testing.T, name, value, encoding string, whole bool) {
		h := http.Header{}
		h.Add(name, value)
		if encoding != "" {
			h.Set("Content-Encoding", encoding)
		}
		got := sumsOf(h, whole)
		for sum, size := range map[*[]byte]int{&got.md5: md5.Size, &got.crc32c: crc32.Size} {
			if *sum == nil {
				continue
			}
			plain := strings.NewReplacer("\r", "", "\n", "").Replace(value)
			if len(*sum) != size || encoding != "" || !strings.Contains(plain, base64.StdEncoding.EncodeToString(*sum)) {
				t.Errorf("%q: %q gave %x", name, value, *sum)
			}
		}
		if check := got.checker(); (check == nil) != (got.md5 == nil && got.crc32c == nil) || check != nil && len(check.want) != check.hash.Size() {
			t.Errorf("%q: %q is compared as %+v", name, value, check)
		}
	})
}
