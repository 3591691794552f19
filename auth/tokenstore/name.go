package tokenstore

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/jetway-go/jetway/auth"
)

// keyHash is a short name of k that says nothing about it and that no other key
// has. It is stable: it depends on the parts of k and nothing else. Each part goes
// in behind its length, so that no two keys read the same.
func keyHash(k auth.Key) string {
	h := sha256.New()
	for _, part := range []string{k.Endpoint, k.ClientID, k.Flow, k.User, k.Profile} {
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		_, _ = h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
