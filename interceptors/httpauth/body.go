package httpauth

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

const (
	// maxRejection is how much of the body of a rejection is read so that its connection
	// can be used again, in bytes.
	maxRejection = 256 << 10
	// rejectionTimeout is how long that may take.
	rejectionTimeout = 5 * time.Second
)

// repeatable reports whether a request can be sent a second time.
func repeatable(r *http.Request) bool {
	return r.Body == nil || r.Body == http.NoBody || r.GetBody != nil
}

// freshBody returns the body for another attempt: a new one, since the transport may
// still be reading the first.
func freshBody(r *http.Request) (io.ReadCloser, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return r.Body, nil
	}
	return r.GetBody()
}

// kept is the answer that rejected credentials, with the beginning of its body in memory.
type kept struct {
	answer *http.Response
	begun  []byte
	rest   io.ReadCloser // nil if the body was read to its end
}

// keepRejection reads the body of an answer, within a bound, and closes it. The answer can
// still be given to the caller: it has a body of the same bytes.
func keepRejection(answer *http.Response) *kept {
	body := answer.Body
	k := &kept{answer: answer, rest: body}
	if answer.ContentLength > maxRejection {
		return k
	}
	limit := time.AfterFunc(rejectionTimeout, func() { _ = body.Close() })
	begun, err := io.ReadAll(io.LimitReader(body, maxRejection+1))
	limit.Stop()
	k.begun = begun
	var after io.Reader = body
	switch {
	case err != nil:
		after = failing{err}
	case len(begun) <= maxRejection:
		_ = body.Close()
		k.rest = nil
		answer.Body = io.NopCloser(bytes.NewReader(begun))
		return k
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(begun), after), body}
	return k
}

// drop gives the answer up.
func (k *kept) drop() {
	if k.rest != nil {
		_ = k.rest.Close()
	}
}

// detach returns the answer with what of its body is in memory.
func (k *kept) detach() *http.Response {
	k.drop()
	k.answer.Body = io.NopCloser(bytes.NewReader(k.begun))
	return k.answer
}

// failing is the rest of a body that could not be read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
