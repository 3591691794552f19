package kernel_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/jetway-go/jetway/platform/nublado/kernel"
)

func TestRunReturnsWhatTheCodePutsOut(t *testing.T) {
	t.Parallel()
	eachForm(t, func(t *testing.T, form string) {
		s := start(t, &server{form: form, execute: func(k *link, r request) {
			k.busy(r)
			k.send("iopub", "execute_input", r.id(), obj{"code": r.code()})
			k.print(r, "stdout", "2\n")
			k.print(r, "stderr", "careful\n")
			k.print(r, "stdout", "é\U0001F680\n")
			k.send("iopub", "display_data", r.id(), obj{
				"data": obj{"image/png": "aGk="}, "metadata": obj{"image/png": obj{"width": 3}}, "transient": obj{"display_id": "d1"},
			})
			k.send("iopub", "update_display_data", r.id(), obj{"data": obj{"text/plain": "new"}, "transient": obj{"display_id": "d1"}})
			k.send("iopub", "execute_result", r.id(), obj{"execution_count": 7, "data": obj{"text/plain": "first"}})
			k.send("iopub", "execute_result", r.id(), obj{"execution_count": 7, "data": obj{"text/plain": "4", "application/json": obj{"x": 4}}})
			k.send("iopub", "comm_msg", r.id(), obj{"comm_id": "c", "data": obj{}})
			k.send("shell", "execute_reply", r.id(), obj{"status": "ok", "execution_count": 7, "user_expressions": obj{
				"sum":   obj{"status": "ok", "data": obj{"text/plain": "3"}},
				"wrong": obj{"status": "error", "ename": "NameError", "evalue": "name 'y'", "traceback": list{"\x1b[31mNameError\x1b[0m"}},
				"what":  3,
			}})
			k.idle(r)
		}})
		var live []kernel.Output
		got, err := dial(t, s).Run(t.Context(), "print(1+1)",
			kernel.WithLive(func(o kernel.Output) { live = append(live, o) }),
			kernel.WithExpressions(map[string]string{"sum": "1+2", "wrong": "y"}))
		want := kernel.Result{
			Stdout: "2\né\U0001F680\n", Stderr: "careful\n",
			Value: kernel.Bundle{"text/plain": []byte(`"4"`), "application/json": []byte(`{"x":4}`)},
			Displays: []kernel.Display{
				{Data: kernel.Bundle{"image/png": []byte(`"aGk="`)}, Metadata: kernel.Bundle{"image/png": []byte(`{"width":3}`)}, ID: "d1"},
				{Data: kernel.Bundle{"text/plain": []byte(`"new"`)}, ID: "d1", Update: true},
				{Data: kernel.Bundle{"text/plain": []byte(`"first"`)}},
			},
			Expressions: map[string]kernel.Expression{
				"sum":   {Value: kernel.Bundle{"text/plain": []byte(`"3"`)}},
				"wrong": {Exception: &kernel.Exception{Name: "NameError", Value: "name 'y'", Traceback: "NameError"}},
			},
			ExecutionCount: 7, Complete: true,
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if got.Text() != "4" || got.Displays[0].Data.Text("image/png") != "aGk=" || got.Value.Text("application/json") != "" {
			t.Error("a form of the value is not what the bundle has")
		}
		var kinds []string
		for _, o := range live {
			kinds = append(kinds, fmt.Sprint(o.Stream, o.Text, o.Display != nil, o.Value.Text("text/plain")))
		}
		want2 := []string{"stdout2\nfalse", "stderrcareful\nfalse", "stdouté\U0001F680\nfalse", "true", "true", "falsefirst", "false4"}
		if diff := cmp.Diff(want2, kinds); diff != "" {
			t.Errorf("live output (-want +got):\n%s", diff)
		}
	})
}

func TestARequestIsOneOfTheKernelsProtocol(t *testing.T) {
	t.Parallel()
	eachForm(t, func(t *testing.T, form string) {
		got := make(chan request, 2)
		s := start(t, &server{form: form, execute: func(k *link, r request) { got <- r; echo(k, r) }})
		c := dial(t, s, kernel.WithSession("session-1", "alice"))
		for range 2 {
			if _, err := c.Run(t.Context(), "a\n\"é\"<&>"); err != nil {
				t.Fatal(err)
			}
		}
		first, second := <-got, <-got
		want := obj{
			"code": "a\n\"é\"<&>", "silent": false, "store_history": false, "user_expressions": obj{}, "allow_stdin": false, "stop_on_error": false,
		}
		if diff := cmp.Diff(want, first.Content); diff != "" {
			t.Errorf("content (-want +got):\n%s", diff)
		}
		h := first.Header
		if h["msg_type"] != "execute_request" || h["username"] != "alice" || h["session"] != "session-1" || h["version"] != "5.4" || h["date"] == "" ||
			first.Channel != "shell" || len(first.Parent) != 0 || len(first.id()) < 16 || first.id() == second.id() {
			t.Errorf("%+v, then the id %s", first, second.id())
		}
	})
}

// A run is over when both have come; what comes between them is part of it.
func TestReplyAndIdleComeInEitherOrder(t *testing.T) {
	t.Parallel()
	eachForm(t, func(t *testing.T, form string) {
		reply := func(k *link, r request) { k.ok(r) }
		idle := func(k *link, r request) { k.idle(r) }
		out := func(k *link, r request) { k.print(r, "stdout", "x") }
		for name, steps := range map[string][]func(*link, request){
			"reply, idle":              {out, reply, idle},
			"idle, reply":              {out, idle, reply},
			"reply, output, idle":      {reply, out, idle},
			"idle twice, reply":        {out, idle, idle, reply},
			"reply twice, idle":        {out, reply, reply, idle},
			"without busy or any else": {out, reply, idle},
		} {
			s := start(t, &server{form: form, execute: func(k *link, r request) {
				for _, step := range steps {
					step(k, r)
				}
			}})
			c := dial(t, s)
			for range 3 {
				if r, err := c.Run(t.Context(), "x"); err != nil || r.Stdout != "x" || !r.Complete {
					t.Errorf("%s: %+v, %v", name, r, err)
				}
			}
		}
	})
}

func TestMessagesAboutOtherRequestsAreIgnored(t *testing.T) {
	t.Parallel()
	eachForm(t, func(t *testing.T, form string) {
		s := start(t, &server{form: form, execute: func(k *link, r request) {
			for _, parent := range []any{
				obj{}, nil, list{}, "text", obj{"msg_id": "another"}, obj{"msg_id": 5}, obj{"msg_id": nil}, obj{"msg_id": ""},
				obj{"msg_id": list{r.id()}}, obj{"id": r.id()},
			} {
				k.sendWith("iopub", "stream", parent, obj{"name": "stdout", "text": "foreign"})
				k.sendWith("iopub", "execute_result", parent, obj{"data": obj{"text/plain": "foreign"}})
				k.sendWith("iopub", "stream", parent, list{"not even its content"})
				k.sendWith("shell", "execute_reply", parent, obj{"status": "error"})
				k.sendWith("iopub", "status", parent, obj{"execution_state": "idle"})
				k.sendWith("iopub", "status", parent, obj{"execution_state": 3})
			}
			k.send("iopub", "news", r.id(), list{"of a later version"})
			echo(k, r)
		}})
		if r, err := dial(t, s).Run(t.Context(), "mine"); err != nil || r.Stdout != "mine" || r.Value != nil {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestAnExceptionIsAnErrorWithItsTraceback(t *testing.T) {
	t.Parallel()
	raised := func(traceback any) obj {
		return obj{"status": "error", "ename": "ZeroDivisionError", "evalue": "division by \x1b[1mzero\x1b[0m\x07", "traceback": traceback, "execution_count": 3}
	}
	lines := list{"\x1b[0;31m---\x1b[0m", "\x1b[0;31mZeroDivisionError\x1b[0m\tdivision"}
	want := "---\nZeroDivisionError\tdivision"
	for name, tt := range map[string]struct {
		iopub, reply any
		traceback    string
	}{
		"both, as lists":         {raised(lines), raised(lines), want},
		"a string":               {nil, raised(lines[0].(string) + "\n" + lines[1].(string)), want},
		"the reply alone":        {nil, raised(lines), want},
		"the reply has none":     {raised(lines), obj{"status": "error"}, want},
		"the reply has no lines": {raised(lines), raised(list{}), want},
		"no traceback":           {nil, raised(nil), ""},
	} {
		s := start(t, &server{form: v1, execute: func(k *link, r request) {
			k.print(r, "stdout", "before")
			if tt.iopub != nil {
				k.send("iopub", "error", r.id(), tt.iopub)
			}
			k.send("shell", "execute_reply", r.id(), tt.reply)
			k.idle(r)
		}})
		c := dial(t, s)
		for range 2 { // the connection serves on
			r, err := c.Run(t.Context(), "1/0")
			var e *kernel.Error
			if !errors.As(err, &e) || !errors.Is(err, kernel.ErrException) || !r.Complete || r.Stdout != "before" {
				t.Fatalf("%s: %+v, %v", name, r, err)
			}
			if diff := cmp.Diff(&kernel.Exception{Name: "ZeroDivisionError", Value: "division by zero", Traceback: tt.traceback}, e.Exception); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			if e.Error() != "kernel: run: the code raised an exception: ZeroDivisionError: division by zero" || !e.Sent {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestAnAbortedReplyIsAnError(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"aborted", "abort", "", "strange \x1b[31m" + strings.Repeat("x", 1000)} {
		s := start(t, &server{form: v1, execute: func(k *link, r request) {
			k.send("shell", "execute_reply", r.id(), obj{"status": status})
			k.idle(r)
		}})
		r, err := dial(t, s).Run(t.Context(), "x")
		if !errors.Is(err, kernel.ErrAborted) || r.Stdout != "" || len(err.Error()) > 200 || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q: %+v, %v", status, r, err)
		}
	}
}

// A Jupyter server limits what one kernel may put out in a second, and drops the excess.
func TestOutputThatTheServerDropsIsAnError(t *testing.T) {
	t.Parallel()
	notice := "IOPub data rate exceeded.\nThe Jupyter server will temporarily stop sending output\n" +
		"to the client in order to avoid crashing it.\nTo change this limit, set the config variable\n`--ServerApp.iopub_data_rate_limit`.\n"
	for _, tt := range []struct {
		stream, text string
		want         error
	}{
		{"stderr", notice, kernel.ErrDropped},
		{"stderr", strings.NewReplacer("data", "message", "iopub_data", "iopub_msg").Replace(notice), kernel.ErrDropped},
		{"stderr", strings.ReplaceAll(notice, "ServerApp", "NotebookApp"), kernel.ErrDropped},
		{"stdout", notice, nil},
		{"stderr", "my own: " + notice, nil},
	} {
		s := start(t, &server{form: v1, execute: func(k *link, r request) {
			k.print(r, "stdout", "some")
			k.print(r, "stderr", "warning")
			k.print(r, tt.stream, tt.text)
			k.ok(r)
			k.idle(r)
		}})
		r, err := dial(t, s).Run(t.Context(), "x")
		if !errors.Is(err, tt.want) || r.Complete != (tt.want == nil) || !strings.HasPrefix(r.Stdout, "some") {
			t.Errorf("%q on %s: %+v, %v", tt.text[:20], tt.stream, r, err)
		}
	}
}

// With the older form a message with buffers is a binary frame.
func TestAMessageWithBuffersIsReadInBothForms(t *testing.T) {
	t.Parallel()
	eachForm(t, func(t *testing.T, form string) {
		s := start(t, &server{form: form, execute: func(k *link, r request) {
			head, parent := obj{"msg_type": "stream"}, obj{"msg_id": r.id()}
			content := obj{"name": "stdout", "text": "with buffers"}
			if form == text {
				message := mustJSON(obj{"header": head, "parent_header": parent, "content": content})
				k.raw(websocket.MessageBinary, legacy(message, []byte("one"), nil, []byte("three")))
				k.raw(websocket.MessageBinary, legacy(message))
			} else {
				parts := [][]byte{[]byte("iopub"), mustJSON(head), mustJSON(parent), []byte("{}"), mustJSON(content)}
				k.raw(websocket.MessageBinary, frame(append(parts, []byte("one"), nil, []byte("three"))...))
				k.raw(websocket.MessageBinary, frame(parts...))
			}
			k.ok(r)
			k.idle(r)
		}})
		if r, err := dial(t, s).Run(t.Context(), "x"); err != nil || r.Stdout != "with bufferswith buffers" {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
