// Package requestid makes the ids by which a call is found in the logs of a server. Call
// [New].
package requestid

import (
	"crypto/rand"
	"encoding/hex"
)

// New returns a random UUID: version 4 of RFC 9562 §5.4.
func New() string {
	var u [16]byte
	_, _ = rand.Read(u[:]) // never fails
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	text := [36]byte{8: '-', 13: '-', 18: '-', 23: '-'}
	hex.Encode(text[0:], u[0:4])
	hex.Encode(text[9:], u[4:6])
	hex.Encode(text[14:], u[6:8])
	hex.Encode(text[19:], u[8:10])
	hex.Encode(text[24:], u[10:])
	return string(text[:])
}
