package interceptors

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"sync/atomic"
)

const (
	idLen   = 36
	idBatch = 64
)

// requestIDs hands out UUIDs that are made 64 at a time, so that one costs no
// allocation of its own. The zero value is ready; it is safe for concurrent use.
type requestIDs struct{ batch atomic.Pointer[idText] }

type idText struct {
	next atomic.Uint32
	text string
}

func (r *requestIDs) next() string {
	for {
		b := r.batch.Load()
		if b != nil {
			if i := int(b.next.Add(1)) - 1; i < idBatch {
				return b.text[i*idLen : (i+1)*idLen]
			}
		}
		r.batch.CompareAndSwap(b, newIDText()) // whoever loses uses the winner's
	}
}

func newIDText() *idText {
	var random [16 * idBatch]byte
	_, _ = rand.Read(random[:]) // never fails
	var text strings.Builder
	text.Grow(idLen * idBatch)
	for i := range idBatch {
		var id [idLen]byte
		formatUUID(&id, [16]byte(random[16*i:]))
		text.Write(id[:])
	}
	return &idText{text: text.String()}
}

// formatUUID writes u as a version 4 UUID (RFC 9562 §5.4).
func formatUUID(dst *[idLen]byte, u [16]byte) {
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	hex.Encode(dst[0:8], u[0:4])
	dst[8] = '-'
	hex.Encode(dst[9:13], u[4:6])
	dst[13] = '-'
	hex.Encode(dst[14:18], u[6:8])
	dst[18] = '-'
	hex.Encode(dst[19:23], u[8:10])
	dst[23] = '-'
	hex.Encode(dst[24:36], u[10:16])
}
