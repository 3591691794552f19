package tokenstore

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/jetway-go/jetway/auth"
)

// keyHash returns a short name that only k has and that does not show its parts. It is
// stable: it depends on the parts of k and nothing else. Each part is hashed behind its
// length, so that no two keys give the same input.
func keyHash(k auth.Key) string {
	h := sha256.New()
	parts := []string{k.Endpoint, k.ClientID, k.Flow, k.User, k.Profile}
	if k.Audience != "" { // names made before there was one stay as they are
		parts = append(parts, k.Audience)
	}
	for _, part := range parts {
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		_, _ = h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
