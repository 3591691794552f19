package hub_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/kernel"
)

// codeRuns is what code can do in a kernel that stays alive.
func codeRuns(ctx context.Context, t *testing.T, c *nublado.Client) {
	t.Helper()
	s := labSession(ctx, t, c)
	if s == nil {
		return
	}
	for _, tt := range []struct{ code, stdout, stderr, value string }{
		{"print(1+1)", "2\n", "", ""},
		{"2**10", "", "", "1024"},
		{"import sys\nprint('é\\U0001F680')\nprint('careful', file=sys.stderr)\n{'a': 1}", "é\U0001F680\n", "careful\n", "{'a': 1}"},
		{"x = 3", "", "", ""},
		{"print(x)", "3\n", "", ""},
		{"", "", "", ""},
	} {
		got, err := s.Run(ctx, tt.code)
		if err != nil || got.Stdout != tt.stdout || got.Stderr != tt.stderr || got.Text() != tt.value || !got.Complete {
			t.Errorf("%q: %+v, %v", tt.code, got, err)
		}
	}
	for code, name := range map[string]string{
		"print('before')\n1/0": "ZeroDivisionError", "print('before')\nnope": "NameError", "print('before')\ninput()": "StdinNotImplementedError",
	} {
		for range 3 { // what comes right after an exception is run, too
			got, err := s.Run(ctx, code)
			e, ok := errors.AsType[*kernel.Error](err)
			if !ok || !errors.Is(err, kernel.ErrException) || e.Exception.Name != name || got.Stdout != "before\n" || !got.Complete ||
				!strings.Contains(e.Exception.Traceback, "line 2") || strings.Contains(e.Exception.Traceback, "\x1b") {
				t.Errorf("%q: %+v, %v", code, got, err)
			}
		}
	}
	got, err := s.Run(ctx, "from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'))\n5", kernel.WithExpressions(map[string]string{"y": "x + 1", "z": "1/0"}))
	if err != nil || len(got.Displays) != 1 || got.Displays[0].Data.Text("text/html") != "<b>x</b>" || got.Text() != "5" ||
		got.Expressions["y"].Value.Text("text/plain") != "4" || got.Expressions["z"].Exception == nil {
		t.Errorf("%+v, %v", got, err)
	}
	interrupts(ctx, t, s)
	// Ten megabytes: what the code has put out is what arrives.
	got, err = s.Run(ctx, "for i in range(100): print(str(i % 10) * 99_999)")
	if err != nil || len(got.Stdout) != 10_000_000 || strings.Count(got.Stdout, "7") != 10*99_999 || !strings.HasSuffix(got.Stdout, "9\n") {
		t.Errorf("%d bytes, %v", len(got.Stdout), err)
	}
	if err := s.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := s.Run(ctx, "1"); !errors.Is(err, kernel.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

func interrupts(ctx context.Context, t *testing.T, s *nublado.Session) {
	t.Helper()
	const loop = "print('begun', flush=True)\nwhile True: pass"
	// By the end of the run's context, once the code runs,
	short := &untilBegun{Context: ctx, begun: make(chan struct{})}
	defer context.AfterFunc(ctx, short.end)()
	got, err := s.Run(short, loop, kernel.WithLive(func(o kernel.Output) {
		if strings.HasSuffix(o.Text, "\n") {
			short.end()
		}
	}))
	if !errors.Is(err, context.DeadlineExceeded) || got.Stdout != "begun\n" || got.Complete {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = s.Run(ctx, "print('next')"); err != nil || got.Stdout != "next\n" {
		t.Errorf("after a deadline: %+v, %v", got, err)
	}
	// and by a call beside it.
	got, err = s.Run(ctx, loop, kernel.WithLive(func(kernel.Output) {
		if err := s.Interrupt(ctx); err != nil {
			t.Error(err)
		}
	}))
	e, ok := errors.AsType[*kernel.Error](err)
	if !ok || e.Exception == nil || e.Exception.Name != "KeyboardInterrupt" || !got.Complete {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = s.Run(ctx, "print('next')"); err != nil || got.Stdout != "next\n" {
		t.Errorf("after an interrupt: %+v, %v", got, err)
	}
}

// untilBegun is a context whose time is over when its code has begun, however long that takes.
type untilBegun struct {
	context.Context

	begun chan struct{}
	once  sync.Once
}

func (c *untilBegun) end() { c.once.Do(func() { close(c.begun) }) }

// Done returns the channel that end closes.
func (c *untilBegun) Done() <-chan struct{} { return c.begun }

// Err returns [context.DeadlineExceeded] after end.
func (c *untilBegun) Err() error {
	select {
	case <-c.begun:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// kernelEnds is what can end a kernel.
func kernelEnds(ctx context.Context, t *testing.T, c *nublado.Client) {
	t.Helper()
	s := labSession(ctx, t, c)
	if s == nil {
		return
	}
	fresh := func(after string) {
		got, err := s.Run(ctx, "print('x' in globals())\nx = 1")
		if err != nil || got.Stdout != "False\n" {
			t.Errorf("after %s: %+v, %v", after, got, err)
		}
	}
	fresh("the start")
	for i := range 3 {
		got, err := s.Run(ctx, "import os\nos.getpid()")
		pid, notNumber := strconv.Atoi(got.Text())
		if err != nil || notNumber != nil {
			t.Errorf("%+v, %v", got, err)
			return
		}
		kill := kernel.WithLive(func(kernel.Output) {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		})
		got, err = s.Run(ctx, "import time\nprint('begun', flush=True)\ntime.sleep(600)", kill)
		if !errors.Is(err, kernel.ErrKernelDied) || got.Stdout != "begun\n" || got.Complete {
			t.Errorf("kill %d: %+v, %v", i, got, err)
		}
		if _, err = s.Run(ctx, "1"); !errors.Is(err, kernel.ErrKernelDied) {
			t.Errorf("without a new connection: %v", err)
		}
		if err := s.Reconnect(ctx); err != nil {
			t.Errorf("kill %d: %v", i, err)
			return
		}
		fresh("a kill")
	}
	if err := s.Restart(ctx); err != nil {
		t.Error(err)
	}
	fresh("a restart")
	if err := s.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}
