package doctor

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

// What a server speaks without TLS.
const (
	speaksUnknown = iota
	speaksHTTP2
	speaksHTTP1
	speaksTLS
)

// greeting is how a server answers the first bytes of HTTP/2.
type greeting struct {
	speaks int
	answer *http.Response // of HTTP/1.1; its body is not read
	begin  []byte
	err    error // why nothing came
}

// preface is that of RFC 9113 §3.4, with an empty SETTINGS frame.
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\x00\x00\x00\x04\x00\x00\x00\x00\x00"

const (
	maxHeaders    = 64 << 10 // of HTTP/1.1: a server may send them without end
	frameHeader   = 9
	frameSettings = 4
	recordAlert   = 0x15
)

// greeted begins HTTP/2 on conn, and returns what answers.
func greeted(ctx context.Context, conn net.Conn) greeting {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := io.WriteString(conn, preface); err != nil {
		return greeting{err: err}
	}
	r := bufio.NewReader(io.LimitReader(conn, maxHeaders))
	begin, err := r.Peek(frameHeader)
	switch {
	case isHTTP(begin):
		answer, err := http.ReadResponse(r, nil) //nolint:bodyclose // the connection is closed
		return greeting{speaks: speaksHTTP1, answer: answer, begin: begin, err: err}
	case len(begin) > 1 && begin[0] == recordAlert && begin[1] == 3:
		return greeting{speaks: speaksTLS, begin: begin}
	case len(begin) == frameHeader && begin[3] == frameSettings && bytes.Equal(begin[5:], []byte{0, 0, 0, 0}):
		return greeting{speaks: speaksHTTP2, begin: begin}
	default:
		return greeting{begin: bytes.Clone(begin), err: err}
	}
}
