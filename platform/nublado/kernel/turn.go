package kernel

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/jetway-go/jetway/internal/fault"
)

// turn is what a run is to the connection: a request, and what the kernel sends about it
// until it is over. The connection's mutex guards it.
type turn struct {
	id    string
	limit int64

	waiting []piece // that Run has not taken yet
	size    int64   // of all output so far
	raised  *Exception
	reply   *reply
	idle    bool
	dropped bool   // by the server
	left    bool   // Run has returned: further output is discarded
	err     *Error // why Run must return, whether or not the kernel is done

	interrupted chan struct{} // closed when the interrupt has been sent; nil without one
	failed      error         // why it could not be

	wake chan struct{} // there is something new for Run; holds one
	over chan struct{} // closed when the kernel is done with it, or dead
}

// piece is output with more text to come.
type piece struct {
	Output

	text []byte
}

func newTurn(id string, limit int64) *turn {
	return &turn{id: id, limit: limit, wake: make(chan struct{}, 1), over: make(chan struct{})}
}

// reply is the content of an execute_reply.
type reply struct {
	Status      string                     `json:"status"`
	Count       int                        `json:"execution_count"`
	Expressions map[string]json.RawMessage `json:"user_expressions"`
	raised
}

func (r reply) expressions() map[string]Expression {
	var values map[string]Expression
	for name, raw := range r.Expressions {
		var v struct {
			Data Bundle `json:"data"`
			raised
		}
		if json.Unmarshal(raw, &v) != nil {
			continue
		}
		if values == nil {
			values = map[string]Expression{}
		}
		values[name] = Expression{Value: v.Data, Exception: v.exception()}
	}
	return values
}

// raised is an exception as messages have it.
type raised struct {
	Name      string `json:"ename"`
	Value     string `json:"evalue"`
	Traceback lines  `json:"traceback"`
}

func (r raised) exception() *Exception {
	if r.Name == "" && r.Value == "" && len(r.Traceback) == 0 {
		return nil
	}
	return &Exception{Name: plain(r.Name), Value: plain(r.Value), Traceback: plain(strings.Join(r.Traceback, "\n"))}
}

// take reads a message about the turn.
func (t *turn) take(m message) error {
	switch m.kind {
	case "stream":
		var s struct {
			Name Stream `json:"name"`
			Text string `json:"text"`
		}
		return t.read(m, &s, func() { t.print(s.Name, s.Text, len(m.content)) })
	case "display_data", "update_display_data", "execute_result":
		var d struct {
			Data      Bundle `json:"data"`
			Metadata  Bundle `json:"metadata"`
			Transient struct {
				ID string `json:"display_id"`
			} `json:"transient"`
		}
		return t.read(m, &d, func() {
			if m.kind == "execute_result" {
				t.put(Output{Value: orEmpty(d.Data)}, len(m.content)+overhead)
				return
			}
			t.put(Output{Display: &Display{
				Data: orEmpty(d.Data), Metadata: d.Metadata, ID: d.Transient.ID, Update: m.kind == "update_display_data",
			}}, len(m.content)+overhead)
		})
	case "error":
		var r raised
		return t.read(m, &r, func() { t.raised = r.exception() })
	case "execute_reply":
		t.reply = &reply{}
		return t.read(m, t.reply, func() {})
	case "kernel_info_reply":
		t.reply = &reply{}
	case "status":
		t.idle = t.idle || m.state() == "idle"
	}
	return nil // execute_input, comm_msg, and what later kernels may send
}

func (t *turn) read(m message, into any, then func()) error {
	if err := json.Unmarshal(m.content, into); err != nil {
		return fmt.Errorf("the content of %s cannot be read: %w", m.kind, err)
	}
	then()
	return nil
}

func orEmpty(b Bundle) Bundle {
	if b == nil {
		return Bundle{}
	}
	return b
}

// print adds text to what is waiting. Much output comes in many small pieces: those of one
// stream are joined.
func (t *turn) print(to Stream, text string, size int) {
	if to != Stderr {
		to = Stdout
	}
	t.dropped = t.dropped || to == Stderr && isLimit(text)
	if n := len(t.waiting); n == 0 || t.waiting[n-1].Stream != to {
		t.put(Output{Stream: to}, overhead)
	}
	if t.grow(size) {
		last := &t.waiting[len(t.waiting)-1]
		last.text = append(last.text, text...)
	}
}

// isLimit reports whether text is what a Jupyter server writes into the output when it
// drops some of it.
func isLimit(text string) bool {
	return strings.HasPrefix(text, "IOPub ") && strings.Contains(text, " rate exceeded.") && strings.Contains(text, ".iopub_")
}

// overhead is what a piece of output counts for besides its content, so that there is a
// limit to the number of empty ones too.
const overhead = 64

func (t *turn) put(o Output, size int) {
	if t.grow(size) {
		t.waiting = append(t.waiting, piece{Output: o})
	}
}

// grow counts output, and reports whether it is to be kept.
func (t *turn) grow(size int) bool {
	if t.left || t.err != nil {
		return false
	}
	t.size += int64(size)
	if t.size > t.limit {
		t.err = &Error{Kind: ErrTooLarge, Detail: fmt.Sprintf(
			"the run has put out more than %d bytes; raise the limit with WithMaxOutput, or print less", t.limit)}
		return false
	}
	return true
}

// isOver reports whether the kernel is done with the turn.
func (t *turn) isOver() bool { return t.reply != nil && t.idle }

// ends returns what must have happened before another turn begins: an interrupt that is
// still on its way would meet that one.
func (t *turn) ends() []chan struct{} {
	switch {
	case t == nil:
		return nil
	case t.interrupted == nil:
		return []chan struct{}{t.over}
	default:
		return []chan struct{}{t.over, t.interrupted}
	}
}

// outcome completes the result of a turn that is over.
func (t *turn) outcome(r *Result) *Error {
	r.Complete = !t.dropped
	r.ExecutionCount = t.reply.Count
	r.Expressions = t.reply.expressions()
	raised := t.reply.exception()
	switch {
	case t.reply.Status == "ok" && t.dropped:
		return &Error{Kind: ErrDropped, Detail: "print less at once, or raise the limits that stderr names"}
	case t.reply.Status == "ok":
		return nil
	case t.reply.Status != "error":
		return &Error{Kind: ErrAborted, Exception: raised, Detail: "its reply is " + fault.Foreign(strconv.Quote(t.reply.Status), maxStatus)}
	case raised == nil || raised.Traceback == "" && t.raised != nil:
		raised = t.raised
	}
	return &Error{Kind: ErrException, Exception: raised}
}

// maxStatus is how many characters of the status of a reply an error shows.
const maxStatus = 40

// signal wakes Run.
func (t *turn) signal() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}
