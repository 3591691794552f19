package front

import (
	"bytes"
	"encoding/binary"
	"net/http"
)

// flagTrailer marks the envelope of trailers in gRPC-Web.
const flagTrailer = 0x80

// webWriter writes the names of gRPC-Web's trailers in lower case, as the protocol wants
// and the transcoder does not.
type webWriter struct {
	http.ResponseWriter

	envelope []byte // what has come of it
	message  int64  // bytes to come of the message
	trailer  bool   // the message is trailers
	value    bool   // past the name in a line of them
}

// Unwrap lets http.ResponseController through.
func (w *webWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Write passes p on.
func (w *webWriter) Write(p []byte) (int, error) {
	out := p
	for done := 0; done < len(p); {
		rest := p[done:]
		if w.message == 0 {
			n := min(envelopeSize-len(w.envelope), len(rest))
			w.envelope = append(w.envelope, rest[:n]...)
			done += n
			if len(w.envelope) == envelopeSize {
				w.message = int64(binary.BigEndian.Uint32(w.envelope[1:]))
				w.trailer = w.envelope[0] == flagTrailer
				w.envelope = w.envelope[:0]
			}
			continue
		}
		n := int(min(w.message, int64(len(rest))))
		if w.trailer {
			if &out[0] == &p[0] {
				out = bytes.Clone(p)
			}
			w.lower(out[done : done+n])
		}
		w.message -= int64(n)
		done += n
	}
	return w.ResponseWriter.Write(out)
}

// lower changes names in lines of "name: value".
func (w *webWriter) lower(lines []byte) {
	for i, b := range lines {
		switch {
		case b == '\n':
			w.value = false
		case b == ':':
			w.value = true
		case !w.value && b >= 'A' && b <= 'Z':
			lines[i] = b - 'A' + 'a'
		}
	}
}
