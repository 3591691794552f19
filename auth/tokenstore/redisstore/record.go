package redisstore

import (
	"encoding/binary"
	"errors"

	"github.com/jetway-go/jetway/auth"
)

// kind is what a record says of a login.
type kind byte

const (
	isLogin     kind = 1 // it is there
	isLogout    kind = 2 // it was deleted on purpose
	isDiscarded kind = 3 // it was deleted because the server has rejected it
)

// version orders the records of one login. The generation rises when a person logs in or
// out, the revision with each change within it. Zero is older than all.
type version struct{ gen, rev uint64 }

func (v version) newer(o version) bool { return v.gen > o.gen || v.gen == o.gen && v.rev > o.rev }

// record is a value as Redis has it:
//
//	format (1 byte), kind (1), generation (8), revision (8), fence (8),
//	length of the key's ID (1), key's ID, nonce (12), sealed text and tag
//
// All in front of the nonce is bound to the sealed text, and so is the name of the place.
type record struct {
	kind kind
	version
	fence uint64 // of the lease under which it was written, or one more than those before it
	keyID string
	raw   []byte
}

const (
	recordFormat = 1
	fixedHeader  = 1 + 1 + 8 + 8 + 8 + 1
	nonceSize    = 12
	tagSize      = 16
	maxRecord    = fixedHeader + maxKeyID + nonceSize + auth.MaxEncoded + tagSize
)

// header is what is bound to the sealed text.
func (r *record) header() []byte {
	b := []byte{recordFormat, byte(r.kind)}
	b = binary.BigEndian.AppendUint64(b, r.gen)
	b = binary.BigEndian.AppendUint64(b, r.rev)
	b = binary.BigEndian.AppendUint64(b, r.fence)
	b = append(b, byte(len(r.keyID))) //nolint:gosec // at most maxKeyID
	return append(b, r.keyID...)
}

// stamp is the beginning of the record that no other one has, "" of a record that is not
// there.
func (r *record) stamp() string {
	if r == nil || len(r.raw) == 0 {
		return ""
	}
	return string(r.raw[:fixedHeader+len(r.keyID)+nonceSize])
}

var (
	errNoRecord  = errors.New("not a record of this package")
	errNewFormat = errors.New("a record of a later format")
)

// parseRecord reads the header, which is not to be believed before the record was opened.
func parseRecord(raw []byte) (*record, error) {
	switch {
	case len(raw) > 0 && raw[0] > recordFormat:
		return nil, errNewFormat
	case len(raw) < fixedHeader+nonceSize+tagSize, len(raw) > maxRecord, raw[0] != recordFormat:
		return nil, errNoRecord
	}
	r := &record{
		kind: kind(raw[1]), raw: raw, fence: binary.BigEndian.Uint64(raw[18:]),
		version: version{gen: binary.BigEndian.Uint64(raw[2:]), rev: binary.BigEndian.Uint64(raw[10:])},
	}
	length := int(raw[fixedHeader-1])
	if length == 0 || length > maxKeyID || len(raw) < fixedHeader+length+nonceSize+tagSize {
		return nil, errNoRecord
	}
	if r.kind < isLogin || r.kind > isDiscarded {
		return nil, errNoRecord
	}
	r.keyID = string(raw[fixedHeader : fixedHeader+length])
	return r, nil
}
