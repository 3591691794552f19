package redisstore

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/jetway-go/jetway/auth"
)

// place is where Redis has the login of a key. Keys that differ in ClientID or Audience
// only share a group: a hash with their records, and a lease. Its hash tag puts both of
// them in one slot of a Cluster.
type place struct {
	key   auth.Key
	group string // name of the hash, and of the channel for its changes
	lease string // name of the lease
	field string // of the record in the hash
}

const recordField = "v:"

func (s *Store) place(k auth.Key) place {
	group := s.opts.prefix + "{" + digest("group", k.Endpoint, k.Flow, k.User, k.Profile) + "}"
	return place{key: k, group: group, lease: group + ":lease", field: recordField + digest("login", k.ClientID, k.Audience)}
}

// digest returns a name that shows nothing of parts, and that no other parts have.
func digest(parts ...string) string {
	h := sha256.New()
	_, _ = h.Write([]byte("jetway redisstore"))
	for _, part := range parts {
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		_, _ = h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
