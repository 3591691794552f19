package nubladotest

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// Output is what code does in a kernel.
type Output struct {
	// Stdout and Stderr are what it prints.
	Stdout, Stderr string
	// Value is the text of its last expression; empty for none.
	Value string
	// Exception is the name of what it raises, and Message what that says; empty for none.
	Exception, Message string
	// Endless runs until it is interrupted.
	Endless bool
	// Dies kills the kernel, which the server then restarts.
	Dies bool
}

var (
	sum  = regexp.MustCompile(`^(print\()?(-?\d+)\s*\+\s*(-?\d+)\)?$`)
	says = regexp.MustCompile(`^print\(["'](.*)["']\)$`)
)

// RunPython runs the little Python that tests need: print of a text, sums, 1/0, an endless
// loop (while True: pass), os._exit(1). Anything else does nothing.
func RunPython(_, code string) Output {
	code = strings.TrimSpace(code)
	if m := sum.FindStringSubmatch(code); m != nil {
		a, _ := strconv.Atoi(m[2]) // the pattern has digits only
		b, _ := strconv.Atoi(m[3])
		if m[1] != "" {
			return Output{Stdout: strconv.Itoa(a+b) + "\n"}
		}
		return Output{Value: strconv.Itoa(a + b)}
	}
	if m := says.FindStringSubmatch(code); m != nil {
		return Output{Stdout: m[1] + "\n"}
	}
	switch code {
	case "1/0":
		return Output{Exception: "ZeroDivisionError", Message: "division by zero"}
	case "while True: pass":
		return Output{Endless: true}
	case "os._exit(1)":
		return Output{Dies: true}
	default:
		return Output{}
	}
}

const (
	binaryForm = "v1.kernel.websocket.jupyter.org"
	maxRequest = 1 << 20
)

// kernel serves what is below /user/{name}/api/kernels/{id}/.
func (c *call) kernel(l *lab, id, verb string) (later func()) {
	for _, s := range l.sessions {
		if s.kernel != id {
			continue
		}
		switch {
		case verb == "interrupt" && c.r.Method == http.MethodPost:
			return c.or(Interrupt, func() {
				close(s.broken)
				s.broken = make(chan struct{})
				c.w.WriteHeader(http.StatusNoContent)
			})
		case verb == "restart" && c.r.Method == http.MethodPost:
			if later = c.route(Restart); later == nil {
				later = c.restart(s)
			}
			return later
		case verb == "channels" && c.get():
			if later = c.route(Channels); later == nil {
				later = func() { c.channels(s) }
			}
			return later
		}
	}
	c.message(http.StatusNotFound, "Kernel does not exist: "+id)
	return nil
}

// restart starts a kernel anew. The old one says so to all that are connected to it.
func (c *call) restart(s *session) (later func()) {
	links := s.links
	s.links = nil
	return func() {
		for _, k := range links {
			k.send("iopub", "shutdown_reply", "", map[string]any{"status": "ok", "restart": true})
		}
		respond(c.w, http.StatusOK, map[string]any{"id": s.kernel, "execution_state": "starting"})
	}
}

// channels is the websocket of a kernel.
func (c *call) channels(s *session) {
	c.s.mu.Lock()
	options := &websocket.AcceptOptions{}
	if !c.s.settings.TextFrames {
		options.Subprotocols = []string{binaryForm}
	}
	c.s.mu.Unlock()
	ws, err := websocket.Accept(c.w, c.r, options)
	if err != nil {
		return // it has answered
	}
	defer ws.CloseNow() //nolint:errcheck // it is over, with or without a farewell
	ws.SetReadLimit(maxRequest)
	ctx, cancel := context.WithCancel(context.WithoutCancel(c.r.Context())) // a hijacked connection outlives it
	defer cancel()
	k := &link{ws: ws, ctx: ctx, text: ws.Subprotocol() == ""}
	c.s.mu.Lock()
	s.cuts = append(s.cuts, cancel)
	s.links = append(s.links, k)
	c.s.mu.Unlock()
	k.state("", "idle")
	asked := make(chan map[string]any)
	go func() {
		defer close(asked)
		for {
			_, frame, err := ws.Read(ctx)
			if err != nil {
				cancel()
				return
			}
			if m, ok := k.read(frame); ok {
				select {
				case asked <- m:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	count := 0
	for m := range asked {
		count++
		c.execute(k, s, m, count)
	}
}

// execute runs one request.
func (c *call) execute(k *link, s *session, m map[string]any, count int) {
	header, _ := m["header"].(map[string]any)
	content, _ := m["content"].(map[string]any)
	id, _ := header["msg_id"].(string)
	code, _ := content["code"].(string)
	switch kind, _ := header["msg_type"].(string); kind {
	case "execute_request":
	case "kernel_info_request":
		k.state(id, "busy")
		k.send("shell", "kernel_info_reply", id, map[string]any{"status": "ok", "protocol_version": "5.3", "implementation": "ipython"})
		k.state(id, "idle")
		return
	default:
		return
	}
	c.s.mu.Lock()
	run, broken := c.s.run, s.broken
	c.s.mu.Unlock()
	k.state(id, "busy")
	k.send("iopub", "execute_input", id, map[string]any{"code": code, "execution_count": count})
	out := run(c.user, code)
	if out.Endless {
		select {
		case <-broken:
			out.Exception = "KeyboardInterrupt"
		case <-k.ctx.Done():
			return
		}
	}
	if out.Dies {
		k.state("", "restarting")
		return
	}
	for name, text := range map[string]string{"stdout": out.Stdout, "stderr": out.Stderr} {
		if text != "" {
			k.send("iopub", "stream", id, map[string]any{"name": name, "text": text})
		}
	}
	reply := map[string]any{"status": "ok", "execution_count": count, "user_expressions": map[string]any{}, "payload": []any{}}
	if out.Exception != "" {
		raised := map[string]any{
			"ename": out.Exception, "evalue": out.Message, "status": "error", "execution_count": count,
			"traceback": []string{"\x1b[0;31m" + out.Exception + "\x1b[0m: " + out.Message},
		}
		k.send("iopub", "error", id, raised)
		reply = raised
	} else if out.Value != "" {
		k.send("iopub", "execute_result", id, map[string]any{
			"data": map[string]string{"text/plain": out.Value}, "metadata": map[string]any{}, "execution_count": count,
		})
	}
	k.send("shell", "execute_reply", id, reply)
	k.state(id, "idle")
}

// link is the lab's end of a websocket.
type link struct {
	ws   *websocket.Conn
	ctx  context.Context //nolint:containedctx // the websocket lives in it
	text bool
}

// send sends a message about a request.
func (k *link) send(channel, kind, parent string, content any) {
	above := map[string]any{}
	if parent != "" {
		above["msg_id"] = parent
	}
	header := map[string]any{
		"msg_id": part(), "msg_type": kind, "username": "kernel", "session": "s", "version": "5.3",
		"date": time.Now().UTC().Format(time.RFC3339Nano),
	}
	var frame []byte
	form := websocket.MessageText
	if k.text {
		frame = encoded(map[string]any{
			"header": header, "msg_id": header["msg_id"], "msg_type": kind, "parent_header": above,
			"metadata": map[string]any{}, "content": content, "buffers": []any{}, "channel": channel,
		})
	} else {
		form, frame = websocket.MessageBinary, packed([]byte(channel), encoded(header), encoded(above), []byte("{}"), encoded(content))
	}
	_ = k.ws.Write(k.ctx, form, frame) // a client that has gone cannot be helped
}

// state sends the state of the kernel.
func (k *link) state(parent, state string) {
	k.send("iopub", "status", parent, map[string]any{"execution_state": state})
}

func encoded(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Appendf(nil, "%q", err)
	}
	return text
}

const word = 8 // bytes of an offset

// packed returns the binary form of a message.
func packed(parts ...[]byte) []byte {
	at := word * (len(parts) + 2)
	frame := binary.LittleEndian.AppendUint64(nil, uint64(len(parts)+1))
	frame = binary.LittleEndian.AppendUint64(frame, uint64(at))
	for _, p := range parts {
		at += len(p)
		frame = binary.LittleEndian.AppendUint64(frame, uint64(at))
	}
	for _, p := range parts {
		frame = append(frame, p...)
	}
	return frame
}

// read reads a request; ok is false if it is none.
func (k *link) read(frame []byte) (m map[string]any, ok bool) {
	if k.text {
		return m, json.Unmarshal(frame, &m) == nil
	}
	const offsets = 6
	if len(frame) < word*(offsets+1) || binary.LittleEndian.Uint64(frame) != offsets {
		return nil, false
	}
	var at [offsets]uint64
	before := uint64(0)
	for i := range at {
		at[i] = binary.LittleEndian.Uint64(frame[word*(i+1):])
		if at[i] > uint64(len(frame)) || at[i] < before {
			return nil, false
		}
		before = at[i]
	}
	m = map[string]any{}
	for i, name := range [...]string{"header", "parent_header", "metadata", "content"} {
		var part map[string]any
		if json.Unmarshal(frame[at[i+1]:at[i+2]], &part) != nil {
			return nil, false
		}
		m[name] = part
	}
	return m, true
}
