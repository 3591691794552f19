package kernel_test

import (
	"errors"
	"io"
	"testing"

	"github.com/coder/websocket"

	"github.com/jetway-go/jetway/platform/nublado/kernel"
)

// A kernel that dies sends no reply; the server, or another client's request, says so.
func TestADeadKernelEndsTheRunAndTheConnection(t *testing.T) {
	t.Parallel()
	foreign := obj{"msg_id": "another"}
	for name, death := range map[string]func(k *link, own obj){
		"restarting, about nothing":         func(k *link, _ obj) { k.sendWith("iopub", "status", obj{}, obj{"execution_state": "restarting"}) },
		"restarting, without a parent":      func(k *link, _ obj) { k.sendWith("iopub", "status", nil, obj{"execution_state": "restarting"}) },
		"restarting, about another request": func(k *link, _ obj) { k.sendWith("iopub", "status", foreign, obj{"execution_state": "restarting"}) },
		"restarting, about this request":    func(k *link, own obj) { k.sendWith("iopub", "status", own, obj{"execution_state": "restarting"}) },
		"autorestarting":                    func(k *link, _ obj) { k.sendWith("iopub", "status", obj{}, obj{"execution_state": "autorestarting"}) },
		"dead":                              func(k *link, _ obj) { k.sendWith("iopub", "status", obj{}, obj{"execution_state": "dead"}) },
		"shut down":                         func(k *link, _ obj) { k.sendWith("control", "shutdown_reply", foreign, obj{"restart": false}) },
		"restarted by a client":             func(k *link, _ obj) { k.sendWith("iopub", "shutdown_reply", foreign, obj{"restart": true}) },
		"shut down in another way":          func(k *link, _ obj) { k.sendWith("iopub", "shutdown_reply", foreign, list{}) },
	} {
		for _, form := range forms {
			s := start(t, &server{form: form, execute: func(k *link, r request) {
				k.busy(r)
				k.print(r, "stdout", "until then")
				death(k, obj{"msg_id": r.id()})
				k.print(r, "stdout", "of another life") // the new kernel knows nothing of the run
				k.ok(r)
				k.idle(r)
			}})
			c := dial(t, s)
			r, err := c.Run(t.Context(), "x")
			var e *kernel.Error
			if !errors.As(err, &e) || !errors.Is(err, kernel.ErrKernelDied) || !e.Sent || r.Complete || r.Stdout != "until then" {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
			<-c.Done()
			if _, err := c.Run(t.Context(), "x"); !errors.Is(err, kernel.ErrKernelDied) || !errors.As(err, &e) || e.Sent {
				t.Errorf("%s: the next run: %v", name, err)
			}
		}
	}
}

func TestAKernelThatDiesBetweenTwoRunsIsNoticed(t *testing.T) {
	t.Parallel()
	s := start(t, &server{form: v1, execute: func(k *link, r request) {
		echo(k, r)
		k.state("", "restarting")
	}})
	c := dial(t, s)
	if r, err := c.Run(t.Context(), "x"); err != nil || r.Stdout != "x" {
		t.Errorf("%+v, %v", r, err)
	}
	<-c.Done()
	if _, err := c.Run(t.Context(), "x"); !errors.Is(err, kernel.ErrKernelDied) {
		t.Error(err)
	}
}

// How a run ends whose socket closes is not known, however friendly the farewell.
func TestASocketThatClosesInTheMiddleIsAnErrorWithTheOutputUntilThen(t *testing.T) {
	t.Parallel()
	steps := map[string]func(*link, request){
		"output": func(k *link, r request) { k.busy(r); k.print(r, "stdout", "part") },
		"reply":  func(k *link, r request) { k.busy(r); k.print(r, "stdout", "part"); k.ok(r) },
		"idle":   func(k *link, r request) { k.busy(r); k.print(r, "stdout", "part"); k.idle(r) },
	}
	for name, tt := range map[string]struct {
		end  func(*link)
		want error
		code int
	}{
		"normal closure": {func(k *link) { k.ws.Close(websocket.StatusNormalClosure, "bye") }, kernel.ErrClosed, 1000},
		"going away":     {func(k *link) { k.ws.Close(websocket.StatusGoingAway, "") }, kernel.ErrClosed, 1001},
		"no status":      {func(k *link) { k.ws.Close(websocket.StatusNoStatusRcvd, "") }, kernel.ErrClosed, 1005},
		"no farewell":    {func(k *link) { k.drop() }, kernel.ErrClosed, 0},
		"half a message": {func(k *link) {
			if w, err := k.ws.Writer(t.Context(), websocket.MessageBinary); err == nil {
				_, _ = w.Write([]byte("half")) // the other half counts
			}
			k.drop()
		}, kernel.ErrClosed, 0},
		"a message of no bytes": {func(k *link) { k.raw(websocket.MessageBinary, nil) }, kernel.ErrProtocol, 0},
		"a message of no form":  {func(k *link) { k.raw(websocket.MessageText, []byte("not JSON")) }, kernel.ErrProtocol, 0},
		"hostile offsets": {func(k *link) {
			k.raw(websocket.MessageBinary, []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"))
		}, kernel.ErrProtocol, 0},
	} {
		for at, step := range steps {
			for _, form := range forms {
				s := start(t, &server{form: form, execute: func(k *link, r request) {
					step(k, r)
					tt.end(k)
				}})
				c := dial(t, s)
				r, err := c.Run(t.Context(), "x")
				var e *kernel.Error
				if !errors.As(err, &e) || !errors.Is(err, tt.want) || e.CloseCode != tt.code || !e.Sent || r.Complete || r.Stdout != "part" {
					t.Errorf("%s after %s: %+v, %v", name, at, r, err)
				}
				<-c.Done()
				if _, err := c.Run(t.Context(), "x"); !errors.Is(err, tt.want) {
					t.Errorf("%s after %s: the next run: %v", name, at, err)
				}
			}
		}
	}
}

func TestABrokenNetworkIsAnError(t *testing.T) {
	t.Parallel()
	s := start(t, &server{form: v1, execute: func(k *link, r request) { k.print(r, "stdout", "part") }})
	r, err := dial(t, s).Run(t.Context(), "x", kernel.WithLive(func(kernel.Output) { s.cut() }))
	if !errors.Is(err, kernel.ErrClosed) || r.Complete || r.Stdout != "part" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestASocketThatClosesAfterTheRunIsNoErrorOfTheRun(t *testing.T) {
	t.Parallel()
	s := start(t, &server{form: v1, execute: func(k *link, r request) {
		echo(k, r)
		k.drop()
	}})
	c := dial(t, s)
	if r, err := c.Run(t.Context(), "x"); err != nil || r.Stdout != "x" || !r.Complete {
		t.Errorf("%+v, %v", r, err)
	}
	<-c.Done()
	if _, err := c.Run(t.Context(), "x"); !errors.Is(err, kernel.ErrClosed) || !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

// What the kernel says about this run has to be readable: skipping a reply would mean to
// wait for ever.
func TestContentThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"stream", "display_data", "execute_result", "error", "execute_reply"} {
		s := start(t, &server{form: v1, execute: func(k *link, r request) { k.send("iopub", kind, r.id(), list{1}) }})
		if _, err := dial(t, s).Run(t.Context(), "x"); !errors.Is(err, kernel.ErrProtocol) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
