package kernel_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/platform/nublado/kernel"
)

// slow is a kernel that runs code until it is interrupted, or for an hour.
type slow struct {
	mu        sync.Mutex
	interrupt chan struct{}
	log       []string
}

func (s *slow) notef(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, fmt.Sprintf(format, args...))
}

func (s *slow) execute(k *link, r request) {
	if r.code() != "loop" {
		s.notef("run %s", r.code())
		echo(k, r)
		return
	}
	s.notef("loop")
	k.busy(r)
	k.print(r, "stdout", "begun")
	select {
	case <-s.interrupt:
	case <-time.After(time.Hour):
	}
	k.print(r, "stdout", "too late")
	k.send("shell", "execute_reply", r.id(), obj{"status": "error", "ename": "KeyboardInterrupt", "evalue": "", "traceback": list{}})
	k.idle(r)
	s.notef("end of loop")
}

func TestRunReturnsWithItsContextAndTheNextWaitsForTheKernel(t *testing.T) {
	t.Parallel()
	for name, form := range forms {
		synctest.Test(t, func(t *testing.T) {
			code := &slow{interrupt: make(chan struct{})}
			c := dial(t, start(t, &server{form: form, execute: code.execute}), kernel.WithKeepAlive(-1))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			begun := time.Now()
			r, err := c.Run(ctx, "loop")
			var e *kernel.Error
			if !errors.As(err, &e) || !errors.Is(err, kernel.ErrUnfinished) || !errors.Is(err, context.DeadlineExceeded) || !e.Sent ||
				r.Stdout != "begun" || r.Complete || time.Since(begun) != time.Second {
				t.Errorf("%s: %+v, %v after %v", name, r, err, time.Since(begun))
			}
			// A run that cannot wait as long is not sent,
			ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if r, err = c.Run(ctx, "never"); !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &e) || e.Sent || r.Stdout != "" ||
				!strings.Contains(err.Error(), "interrupt the kernel, or set WithInterrupt") {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
			// one that can gets its own output only.
			if r, err = c.Run(t.Context(), "next"); err != nil || r.Stdout != "next" || time.Since(begun) != time.Hour {
				t.Errorf("%s: %+v, %v after %v", name, r, err, time.Since(begun))
			}
			if got := fmt.Sprint(code.log); got != "[loop end of loop run next]" {
				t.Errorf("%s: the kernel: %s", name, got)
			}
		})
	}
}

func TestARunThatEndsEarlyIsInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		code := &slow{interrupt: make(chan struct{})}
		type key struct{}
		interrupt := func(ctx context.Context) error {
			deadline, _ := ctx.Deadline()
			code.notef("interrupt of %v within %v", ctx.Value(key{}), time.Until(deadline))
			code.interrupt <- struct{}{}
			time.Sleep(5 * time.Second) // its answer takes a while: until then it might still be on its way
			code.notef("interrupted %v", ctx.Err())
			return nil
		}
		c := dial(t, start(t, &server{form: v1, execute: code.execute}), kernel.WithInterrupt(interrupt))
		begun := time.Now()
		ctx, cancel := context.WithCancelCause(context.WithValue(t.Context(), key{}, "alice"))
		time.AfterFunc(time.Second, func() { cancel(errors.New("the user left")) })
		if _, err := c.Run(ctx, "loop"); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "the user left") {
			t.Error(err)
		}
		if took := time.Since(begun); took != time.Second {
			t.Errorf("Run returned after %v, want 1s: it does not wait for the interrupt", took)
		}
		if r, err := c.Run(t.Context(), "next"); err != nil || r.Stdout != "next" {
			t.Errorf("%+v, %v", r, err)
		}
		want := "[loop interrupt of alice within 30s end of loop interrupted <nil> run next]"
		if got := fmt.Sprint(code.log); got != want {
			t.Errorf("the kernel: %s, want %s", got, want)
		}
	})
}

func TestARunThatIsDoneIsNotInterrupted(t *testing.T) {
	t.Parallel()
	s := start(t, &server{form: v1, execute: echo})
	c := dial(t, s, kernel.WithInterrupt(func(context.Context) error { t.Error("interrupted"); return nil }))
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := c.Run(ctx, "x"); err != nil {
			t.Error(err)
		}
		cancel()
	}
	c.Close()
}

func TestWhyTheKernelIsStillBusyIsSaid(t *testing.T) {
	t.Parallel()
	for want, interrupt := range map[string]func(context.Context) error{
		"does not heed the interrupt":               func(context.Context) error { return nil },
		"could not be interrupted: 403 Forbidden":   func(context.Context) error { return errors.New("403 Forbidden") },
		"could not be interrupted: token [redacted": func(context.Context) error { return errors.New("token gt-canary") },
	} {
		synctest.Test(t, func(t *testing.T) {
			code := &slow{interrupt: make(chan struct{})}
			s := start(t, &server{form: v1, execute: code.execute})
			c, err := kernel.Dial(t.Context(), s.hc, address, bearer("gt-canary"), kernel.WithInterrupt(interrupt), kernel.WithKeepAlive(-1))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for range 2 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				_, err = c.Run(ctx, "loop")
				cancel()
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
			s.cut()
			close(code.interrupt)
		})
	}
}

func TestCloseEndsAnInterruptThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		code := &slow{interrupt: make(chan struct{})}
		hanging := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		c := dial(t, start(t, &server{form: v1, execute: code.execute}), kernel.WithInterrupt(hanging))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Run(ctx, "loop"); err == nil {
			t.Error("no error")
		}
		begun := time.Now()
		close(code.interrupt)
		c.Close()
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("Close took %v", took)
		}
	})
}

func TestConcurrentRunsTakeTurnsInTheOrderOfTheirCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log []string
		s := start(t, &server{form: v1, execute: func(k *link, r request) {
			log = append(log, r.code())
			time.Sleep(time.Second)
			echo(k, r)
		}})
		c := dial(t, s)
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() {
				code := fmt.Sprint(i)
				if r, err := c.Run(t.Context(), code); err != nil || r.Stdout != code {
					t.Errorf("%s: %+v, %v", code, r, err)
				}
			})
			time.Sleep(time.Millisecond)
		}
		all.Go(func() { // gives up before its turn
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := c.Run(ctx, "never"); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "was not started") {
				t.Error(err)
			}
		})
		all.Wait()
		if got := fmt.Sprint(log); got != "[0 1 2 3 4]" {
			t.Errorf("the kernel got %s", got)
		}
	})
}

func TestAContextThatHasEndedSendsNothing(t *testing.T) {
	t.Parallel()
	s := start(t, &server{form: v1, execute: func(_ *link, r request) { t.Errorf("the kernel got %s", r.code()) }})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var e *kernel.Error
	if _, err := dial(t, s).Run(ctx, "x"); !errors.As(err, &e) || !errors.Is(err, context.Canceled) || e.Sent {
		t.Error(err)
	}
}

// A server that no longer reads takes half of a request; the other half cannot be kept back.
func TestARequestThatCannotBeWrittenEndsTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan struct{})
		c := dial(t, start(t, &server{form: v1, deaf: true, info: func(k *link, r request) { k.info(r); <-gone }}), kernel.WithKeepAlive(-1))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begun := time.Now()
		if _, err := c.Run(ctx, strings.Repeat("x", 1<<20)); !errors.Is(err, kernel.ErrClosed) || time.Since(begun) > time.Minute+time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		<-c.Done()
		close(gone)
	})
}
