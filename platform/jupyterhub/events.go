package jupyterhub

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxEvent is more than an event of the hub takes, in bytes.
const maxEvent = 1 << 20

var errLongEvent = errors.New("an event of the stream has more than 1 MiB")

// events reads Server-Sent Events. Of the fields only data counts: the hub uses no other.
type events struct {
	lines *bufio.Reader
	alive func() // called for every line, those that keep the connection alive too
}

func newEvents(r io.Reader, alive func()) *events {
	return &events{lines: bufio.NewReader(r), alive: alive}
}

// next returns the data of the next event. An event that the stream ends in is dropped.
func (e *events) next() ([]byte, error) {
	var data []byte
	found := false
	for {
		line, err := e.line(maxEvent - len(data))
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
func (e *events) line(most int) ([]byte, error) {
	var line []byte
	for {
		part, err := e.lines.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > most:
			return nil, errLongEvent
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return nil, err
		default:
			return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
		}
	}
}
