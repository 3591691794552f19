package transfer

import (
	"errors"
	"io"
)

// bufferSize is how much of an answer is in memory, for each connection.
const bufferSize = 1 << 20

// copying is an answer's content on its way.
type copying struct {
	taken

	from io.Reader
	part *span // its beginning moves with what is written
	sink func(at int64, p []byte) error
	// watch runs while the host is waited for, and not while sink is.
	watch *stallTimer
}

// run copies until the answer ends.
func (c *copying) run(buf []byte) error {
	for !c.over() {
		c.watch.start()
		n, err := c.from.Read(buf[:c.wanted(len(buf))])
		c.watch.stop()
		if n > 0 {
			if err := c.put(buf[:n]); err != nil {
				return finalError{err}
			}
		}
		switch {
		case err == nil, c.over():
		case !errors.Is(err, io.EOF):
			return err
		case c.skip == 0 && c.end < 0:
			c.end, c.part.end = c.part.from, c.part.from
		default:
			return io.ErrUnexpectedEOF
		}
	}
	return nil
}

func (c *copying) over() bool { return c.skip == 0 && c.end >= 0 && c.part.from >= c.end }

// wanted returns how much to read at once.
func (c *copying) wanted(most int) int64 {
	switch {
	case c.skip > 0:
		return min(int64(most), c.skip)
	case c.end >= 0:
		return min(int64(most), c.end-c.part.from)
	default:
		return int64(most)
	}
}

// put hands on what was read, after what is to be skipped.
func (c *copying) put(p []byte) error {
	if c.skip > 0 {
		c.skip -= int64(len(p))
		return nil
	}
	if err := c.sink(c.part.from, p); err != nil {
		return err
	}
	c.part.from += int64(len(p))
	return nil
}

// buffer returns one that an earlier request has left, or a new one.
func (f *fetch) buffer() []byte {
	select {
	case buf := <-f.free:
		return buf
	default:
		return make([]byte, bufferSize)
	}
}

// done keeps a buffer for the next request.
func (f *fetch) done(buf []byte) {
	select {
	case f.free <- buf:
	default:
	}
}
