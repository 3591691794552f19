package front

import (
	"encoding/binary"
	"io"
	"net/http"
)

const encodingHeader = "Grpc-Encoding"

// repair serves a translated call by next, with four repairs of what the transcoder makes
// of it. A request message without content would be marked as compressed and be left without
// a byte, which no gzip reader accepts. The answer of a unary call would be announced as
// compressed although the server did not compress it, which it does not do for an empty
// message. A call by gRPC in JSON that ends without a message would get its trailers as
// headers. And a call that ends before the client has sent all would wait for the rest.
func repair(w http.ResponseWriter, r *http.Request, unary bool, next http.Handler) {
	from := originOf(r.Context())
	body := &repairedBody{ReadCloser: r.Body, interrupt: from.body.interrupt, compressed: r.Header.Get(encodingHeader) != ""}
	r.Body = body
	switch {
	case from.protocol == GRPC:
		w = &headerWriter{ResponseWriter: w}
	case unary && body.compressed:
		w = &repairedWriter{ResponseWriter: w}
	}
	next.ServeHTTP(w, r)
}

// headerWriter writes the header at the first Flush, which gRPC servers call before they
// set trailers.
type headerWriter struct{ http.ResponseWriter }

// Flush writes the header if that has not happened.
func (w *headerWriter) Flush() { w.WriteHeader(http.StatusOK) }

// repairedWriter holds the header back until the envelope of the only message comes, which
// says if that is compressed.
type repairedWriter struct {
	http.ResponseWriter

	begun bool
}

// WriteHeader leaves the header to Write, or to the end of the call if it has no message.
func (*repairedWriter) WriteHeader(int) {}

// Flush does nothing: there is one message.
func (*repairedWriter) Flush() {}

// Write writes the header first. gRPC servers write the envelope in one piece.
func (w *repairedWriter) Write(p []byte) (int, error) {
	if !w.begun && len(p) > 0 {
		w.begun = true
		if p[0]&flagCompressed == 0 {
			w.Header().Del(encodingHeader)
		}
	}
	return w.ResponseWriter.Write(p)
}

// An envelope is what gRPC puts before each message: a flag and the length.
const (
	envelopeSize   = 5
	flagCompressed = 1
)

// repairedBody reads envelopes and messages, and clears the flag of empty messages.
type repairedBody struct {
	io.ReadCloser

	interrupt  func() // ends a Read that waits for the client
	compressed bool   // as the header says; messages may differ

	envelope [envelopeSize]byte
	pending  []byte // what has not been returned of envelope
	message  int64  // bytes to come of the message
}

// Close ends a Read that another goroutine is in, too.
func (b *repairedBody) Close() error {
	b.interrupt()
	return b.ReadCloser.Close()
}

// Read returns bytes of one envelope or of one message.
func (b *repairedBody) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(b.pending) == 0 && b.message == 0 {
		if _, err := io.ReadFull(b.ReadCloser, b.envelope[:]); err != nil {
			return 0, err
		}
		b.message = int64(binary.BigEndian.Uint32(b.envelope[1:]))
		if b.message == 0 && b.compressed {
			b.envelope[0] &^= flagCompressed
		}
		b.pending = b.envelope[:]
	}
	if len(b.pending) > 0 {
		n := copy(p, b.pending)
		b.pending = b.pending[n:]
		return n, nil
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.message)])
	b.message -= int64(n)
	return n, err
}
