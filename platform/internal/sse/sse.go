// Package sse reads Server-Sent Events as JupyterHub sends them. Call [New] with the body of
// an answer, and [Reader.Next] until it returns an error.
package sse

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// MaxEvent is how long an event may be, in bytes: more than one of a hub takes.
const MaxEvent = 1 << 20

// ErrLong means that an event is longer than [MaxEvent].
var ErrLong = errors.New("an event of the stream has more than 1 MiB")

// Reader reads Server-Sent Events. Of their fields only data counts: the hub uses no other.
type Reader struct {
	lines *bufio.Reader
	alive func() // called for every line, those that keep the connection alive too
}

// New returns a Reader of r that calls alive for every line.
func New(r io.Reader, alive func()) *Reader {
	return &Reader{lines: bufio.NewReader(r), alive: alive}
}

// Next returns the data of the next event. An event that the stream ends in is dropped.
func (e *Reader) Next() ([]byte, error) {
	var data []byte
	found := false
	for {
		line, err := e.line(MaxEvent - len(data))
		if err != nil {
			return nil, err
		}
		e.alive()
		if len(line) == 0 {
			if found {
				return data, nil
			}
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if string(name) != "data" {
			continue
		}
		if found {
			data = append(data, '\n')
		}
		data, found = append(data, bytes.TrimPrefix(value, []byte(" "))...), true
	}
}

// line returns a line without its end, which is LF or CRLF.
func (e *Reader) line(most int) ([]byte, error) {
	var line []byte
	for {
		part, err := e.lines.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > most:
			return nil, ErrLong
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return nil, err
		default:
			return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
		}
	}
}
