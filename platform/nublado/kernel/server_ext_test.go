package kernel_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/jetway-go/jetway/platform/nublado/kernel"
)

// The forms in which a server can speak.
const (
	v1   = "v1.kernel.websocket.jupyter.org"
	text = ""
)

var forms = map[string]string{"v1": v1, "text": text}

func eachForm(t *testing.T, test func(t *testing.T, form string)) {
	t.Helper()
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, form)
		})
	}
}

func eachFormInABubble(t *testing.T, test func(t *testing.T, form string)) {
	t.Helper()
	eachForm(t, func(t *testing.T, form string) { synctest.Test(t, func(t *testing.T) { test(t, form) }) })
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

type (
	obj  = map[string]any
	list = []any
)

// server is a Jupyter server with one kernel, in memory: it runs in a synctest bubble too.
type server struct {
	form string
	// execute is the kernel; it answers a request.
	execute func(*link, request)
	// deaf makes it read nothing, no ping either, while execute runs.
	deaf bool
	// slow is how long it takes to read 64 KiB.
	slow time.Duration
	// info answers the question for the kernel's kind; nil: as a kernel does.
	info func(*link, request)
	// opened is called with each new connection; may be nil.
	opened func(*link)
	// pinged is called with each ping of the client; may be nil.
	pinged func()
	// check sees each handshake, and refuses it if it returns false; may be nil.
	check func(http.ResponseWriter, *http.Request) bool

	hc   *http.Client
	line *line
}

// link is the server's end of a websocket.
type link struct {
	ws   *websocket.Conn
	form string
	s    *server
}

// request is an execute_request as the server got it.
type request struct {
	Channel string
	Header  map[string]any
	Parent  map[string]any
	Content map[string]any
}

func (r request) id() string   { return r.Header["msg_id"].(string) }
func (r request) code() string { return r.Content["code"].(string) }

const address = "http://lab.example.com/user/alice/api/kernels/k-1/channels"

func start(t *testing.T, s *server) *server {
	t.Helper()
	l := &line{conns: make(chan net.Conn), done: make(chan struct{})}
	srv := &http.Server{Handler: s}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = srv.Serve(l)
	}()
	tr := &http.Transport{DialContext: l.dial}
	s.hc, s.line = &http.Client{Transport: tr}, l
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		srv.Close()
		<-served
		s.cut()
	})
	return s
}

// cut ends all connections as a broken network does.
func (s *server) cut() { s.line.cut() }

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.check != nil && !s.check(w, r) {
		return
	}
	var offer []string
	if s.form != text {
		offer = []string{s.form}
	}
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: offer, InsecureSkipVerify: true, OnPingReceived: func(context.Context, []byte) bool {
		if s.pinged != nil {
			s.pinged()
		}
		return true
	}})
	if err != nil {
		return
	}
	ws.SetReadLimit(-1)
	k := &link{ws, s.form, s}
	defer k.drop()
	// As a real server, it asks the kernel for its kind first.
	k.send("iopub", "status", "server", obj{"execution_state": "busy"})
	k.send("iopub", "status", "server", obj{"execution_state": "idle"})
	if s.opened != nil {
		s.opened(k)
	}
	asked := make(chan request, 100)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		for r := range asked {
			k.answer(r)
		}
	}()
	defer func() { close(asked); <-answered }()
	for {
		_, in, err := ws.Reader(context.Background())
		if err != nil {
			return
		}
		var raw []byte
		for err == nil {
			var n int64
			var part bytes.Buffer
			if n, err = io.CopyN(&part, in, 64<<10); n == 64<<10 {
				time.Sleep(s.slow)
			}
			raw = append(raw, part.Bytes()...)
		}
		if !errors.Is(err, io.EOF) {
			return
		}
		if r := k.read(raw); s.deaf {
			k.answer(r)
		} else {
			asked <- r
		}
	}
}

// drop ends the connection without a farewell.
func (k *link) drop() { _ = k.ws.CloseNow() } // it may have ended before

func (k *link) answer(r request) {
	switch {
	case r.Header["msg_type"] == "execute_request":
		k.s.execute(k, r)
	case k.s.info != nil:
		k.s.info(k, r)
	default:
		k.info(r)
	}
}

// send sends a message about the request with the id parent.
func (k *link) send(channel, kind, parent string, content any) {
	p := obj{}
	if parent != "" {
		p["msg_id"] = parent
	}
	k.sendWith(channel, kind, p, content)
}

func (k *link) sendWith(channel, kind string, parent, content any) {
	form := websocket.MessageBinary
	if k.form == text {
		form = websocket.MessageText
	}
	k.raw(form, k.encoded(channel, kind, parent, content))
}

func (k *link) encoded(channel, kind string, parent, content any) []byte {
	head := obj{"msg_id": "x", "msg_type": kind, "username": "kernel", "session": "s", "version": "5.3"}
	if k.form == text {
		return mustJSON(obj{
			"header": head, "msg_id": "x", "msg_type": kind, "parent_header": parent, "metadata": obj{},
			"content": content, "buffers": []any{}, "channel": channel,
		})
	}
	return frame([]byte(channel), mustJSON(head), mustJSON(parent), []byte("{}"), mustJSON(content))
}

func (k *link) raw(t websocket.MessageType, data []byte) {
	_ = k.ws.Write(context.Background(), t, data) // the other end may be gone: that is what tests look at there
}

func (k *link) read(raw []byte) (r request) {
	if k.form == text {
		var m struct {
			Channel         string
			Header, Content map[string]any
			Parent          map[string]any `json:"parent_header"`
		}
		must(json.Unmarshal(raw, &m))
		return request{m.Channel, m.Header, m.Parent, m.Content}
	}
	at := func(i int) uint64 { return binary.LittleEndian.Uint64(raw[8*i:]) }
	if at(0) != 6 || at(6) != uint64(len(raw)) {
		panic("not the frame of a request")
	}
	r.Channel = string(raw[at(1):at(2)])
	for i, into := range []*map[string]any{&r.Header, &r.Parent, nil, &r.Content} {
		if into != nil {
			must(json.Unmarshal(raw[at(i+2):at(i+3)], into))
		}
	}
	return r
}

// frame is a binary frame; what follows the fifth part are buffers.
func frame(parts ...[]byte) []byte {
	head := 8 * (2 + len(parts))
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(parts)+1))
	at := head
	out = binary.LittleEndian.AppendUint64(out, uint64(at))
	for _, p := range parts {
		at += len(p)
		out = binary.LittleEndian.AppendUint64(out, uint64(at))
	}
	return append(out, slices.Concat(parts...)...)
}

// legacy is a binary frame of the older form.
func legacy(parts ...[]byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(parts)))
	at := 4 * (1 + len(parts))
	for _, p := range parts {
		out = binary.BigEndian.AppendUint32(out, uint32(at))
		at += len(p)
	}
	return append(out, slices.Concat(parts...)...)
}

// What kernels say.

func (k *link) busy(r request) { k.state(r.id(), "busy") }
func (k *link) idle(r request) { k.state(r.id(), "idle") }
func (k *link) state(parent, state string) {
	k.send("iopub", "status", parent, obj{"execution_state": state})
}

func (k *link) info(r request) {
	k.busy(r)
	k.send("shell", "kernel_info_reply", r.id(), obj{"status": "ok", "protocol_version": "5.3"})
	k.idle(r)
}

func (k *link) print(r request, stream, s string) {
	k.send("iopub", "stream", r.id(), obj{"name": stream, "text": s})
}

func (k *link) ok(r request) {
	k.send("shell", "execute_reply", r.id(), obj{"status": "ok", "execution_count": 7, "user_expressions": obj{}, "payload": []any{}})
}

// echo is a kernel that prints the code.
func echo(k *link, r request) {
	k.busy(r)
	k.print(r, "stdout", r.code())
	k.ok(r)
	k.idle(r)
}

func dial(t *testing.T, s *server, opts ...kernel.Option) *kernel.Conn {
	t.Helper()
	c, err := kernel.Dial(t.Context(), s.hc, address, nil, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func mustJSON(v any) []byte {
	raw, err := json.Marshal(v)
	must(err)
	return raw
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
