package kernel

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

func seeds() [][]byte {
	good := appendFrame(nil, []byte("iopub"), []byte(`{"msg_type":"stream"}`), []byte(`{"msg_id":"m"}`), []byte("{}"), []byte(`{"name":"stdout","text":"x"}`))
	all := [][]byte{nil, good, good[:len(good)-1], append(good, 0), appendFrame(good[:0:0], nil, nil, nil, nil, nil, nil)}
	for at := 0; at < 7*word; at += word { // each number of the head
		for _, value := range []uint64{0, 1, 5, 7, 1 << 31, 1 << 61, math.MaxInt64, math.MaxUint64, math.MaxUint64 / word} {
			bad := bytes.Clone(good)
			binary.LittleEndian.PutUint64(bad[at:], value)
			all = append(all, bad)
		}
	}
	return all
}

func TestAFrameWithWrongOffsetsIsRefused(t *testing.T) {
	t.Parallel()
	refused := 0
	for _, frame := range seeds() {
		if parts, err := splitFrame(frame); err != nil {
			refused++
		} else if len(bytes.Join(parts[:], nil)) > len(frame) {
			t.Errorf("%q has parts of more than its size", frame)
		}
	}
	if want := len(seeds()) - 4; refused < want-8 {
		t.Errorf("%d of %d frames are refused, want about %d", refused, len(seeds()), want)
	}
}

func TestAFrameWithManyOffsetsCostsNoMemory(t *testing.T) { //nolint:paralleltest // it counts allocations
	frame := appendFrame(nil, make([][]byte, 1<<16)...)
	var err error
	if n := testing.AllocsPerRun(10, func() { _, err = splitFrame(frame) }); n > 0 || err != nil {
		t.Errorf("%v allocations, %v", n, err)
	}
}

func FuzzFrame(f *testing.F) {
	for _, seed := range seeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		parts, err := splitFrame(frame)
		if err != nil {
			return
		}
		at := int(binary.LittleEndian.Uint64(frame[word:])) // the parts follow each other from there
		for i, part := range parts {
			if !bytes.Equal(part, frame[at:at+len(part)]) {
				t.Fatalf("part %d is not where it says", i)
			}
			at += len(part)
		}
		again, err := splitFrame(appendFrame(nil, parts[:]...))
		if err != nil || !bytes.Equal(bytes.Join(again[:], []byte{0}), bytes.Join(parts[:], []byte{0})) {
			t.Errorf("%q, %v after writing it again", again, err)
		}
		m, err := binaryForm{}.decode(websocket.MessageBinary, frame)
		if err == nil && (!json.Valid(parts[partHeader]) || !bytes.Equal(m.content, parts[partContent])) {
			t.Errorf("%+v", m)
		}
	})
}

func FuzzTextFrame(f *testing.F) {
	message := `{"header":{"msg_type":"stream"},"parent_header":{"msg_id":"m"},"content":{"name":"stdout","text":"x"}}`
	f.Add(false, []byte(message))
	f.Add(true, append([]byte{0, 0, 0, 1, 0, 0, 0, 8}, message...))
	f.Add(true, append([]byte{0, 0, 0, 2, 0, 0, 0, 12, 0, 0, 0, 20}, message...))
	f.Add(true, []byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255})
	f.Add(false, []byte(`{"header":null,"parent_header":[],"content":1}`))
	f.Fuzz(func(t *testing.T, binary bool, frame []byte) {
		form := websocket.MessageText
		if binary {
			form = websocket.MessageBinary
		}
		m, err := textForm{}.decode(form, frame)
		if err == nil && len(m.kind)+len(m.parent) > 4*len(frame) {
			t.Errorf("%+v", m)
		}
	})
}

// FuzzMessages has a kernel say anything about a run.
func FuzzMessages(f *testing.F) {
	f.Add("stream", []byte(`{"name":"stderr","text":"IOPub data rate exceeded. .iopub_"}`), "execute_reply", []byte(`{"status":"ok"}`))
	f.Add("display_data", []byte(`{"data":{"a":1},"transient":{"display_id":"x"}}`), "error", []byte(`{"ename":"E","traceback":"x"}`))
	f.Add("execute_result", []byte(`{"data":null}`), "execute_reply", []byte(`{"status":"error","traceback":[],"user_expressions":{"a":1}}`))
	f.Add("status", []byte(`{"execution_state":"idle"}`), "shutdown_reply", []byte(`{"restart":true}`))
	f.Fuzz(func(t *testing.T, kind1 string, content1 []byte, kind2 string, content2 []byte) {
		const limit = 1000
		run := newTurn("m", limit)
		for range 3 {
			for _, m := range []message{{kind1, "m", content1}, {kind2, "m", content2}} {
				if m.death() != "" || run.take(m) != nil || run.isOver() {
					break
				}
			}
		}
		kept := 0
		for _, p := range run.waiting {
			kept += len(p.text)
		}
		if kept > 3*limit || len(run.waiting) > limit/overhead { // a broken byte becomes three
			t.Errorf("%d bytes in %d pieces are kept", kept, len(run.waiting))
		}
		if run.isOver() {
			var r Result
			if err := run.outcome(&r); err != nil && strings.ContainsFunc(err.Error(), controls) {
				t.Errorf("%q", err.Error())
			}
		}
	})
}
