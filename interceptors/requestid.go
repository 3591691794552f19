package interceptors

import (
	"crypto/rand"
	"encoding/hex"
	"sync"
)

const (
	idLength = 36
	// idsAtOnce are made together: so that an id takes neither an allocation nor a system
	// call of its own.
	idsAtOnce = 28
)

// requestIDs makes random UUIDs: version 4 of RFC 9562 §5.4. The zero value is ready.
type requestIDs struct {
	mu   sync.Mutex
	made string // those to come, one behind the other
}

func (r *requestIDs) next() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.made == "" {
		r.made = newRequestIDs()
	}
	id := r.made[:idLength]
	r.made = r.made[idLength:]
	return id
}

func newRequestIDs() string {
	var random [idsAtOnce * 16]byte
	var text [idsAtOnce * idLength]byte
	_, _ = rand.Read(random[:]) // never fails
	for i := range idsAtOnce {
		u, id := random[16*i:16*i+16], text[idLength*i:idLength*i+idLength]
		u[6] = u[6]&0x0f | 0x40
		u[8] = u[8]&0x3f | 0x80
		hex.Encode(id[0:], u[0:4])
		hex.Encode(id[9:], u[4:6])
		hex.Encode(id[14:], u[6:8])
		hex.Encode(id[19:], u[8:10])
		hex.Encode(id[24:], u[10:])
		id[8], id[13], id[18], id[23] = '-', '-', '-', '-'
	}
	return string(text[:])
}
