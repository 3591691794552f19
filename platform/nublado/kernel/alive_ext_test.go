package kernel_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/jetway-go/jetway/platform/nublado/kernel"
)

// A server ends a connection that does not answer its pings, whether or not there is a run.
func TestTheServersPingsAreAnsweredAllTheTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answered := 0
		ping := func(k *link) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := k.ws.Ping(ctx); err != nil {
				t.Errorf("a ping: %v", err)
			}
			answered++
		}
		var k *link
		s := start(t, &server{form: v1, opened: func(l *link) { k = l }, execute: func(k *link, r request) {
			k.print(r, "stdout", "x")
			time.Sleep(time.Minute)
			ping(k)
			k.ok(r)
			k.idle(r)
		}})
		c := dial(t, s)
		synctest.Wait()
		ping(k) // before any run
		if _, err := c.Run(t.Context(), "x", kernel.WithLive(func(kernel.Output) { time.Sleep(time.Hour) })); err != nil {
			t.Error(err)
		}
		ping(k) // and after one
		if answered != 3 {
			t.Errorf("%d pings were answered", answered)
		}
	})
}

func TestAPeerThatIsGoneIsNoticed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan struct{})
		s := start(t, &server{form: v1, deaf: true, execute: func(k *link, r request) {
			k.print(r, "stdout", "last words")
			<-gone
		}})
		c := dial(t, s, kernel.WithKeepAlive(20*time.Second))
		begun := time.Now()
		r, err := c.Run(t.Context(), "x")
		if took := time.Since(begun); !errors.Is(err, kernel.ErrClosed) || !strings.Contains(err.Error(), "ping for 20s") || r.Stdout != "last words" || took > 41*time.Second {
			t.Errorf("%+v, %v after %v", r, err, took)
		}
		close(gone)
	})
}

func TestAQuietKernelKeepsItsConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pings := 0
		s := start(t, &server{form: v1, pinged: func() { pings++ }, execute: func(k *link, r request) {
			time.Sleep(5*time.Minute + time.Second)
			echo(k, r)
		}})
		if r, err := dial(t, s).Run(t.Context(), "x"); err != nil || r.Stdout != "x" || pings != 10 {
			t.Errorf("%+v, %v after %d pings, want 10", r, err, pings)
		}
	})
}

// The answer to a ping waits behind a large message on a slow line.
func TestALargeMessageOnItsWayIsASignOfLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &server{form: v1, execute: func(k *link, r request) {
			message := k.encoded("iopub", "stream", obj{"msg_id": r.id()}, obj{"name": "stdout", "text": strings.Repeat("x", 1<<20)})
			w, err := k.ws.Writer(t.Context(), websocket.MessageBinary)
			if err != nil {
				t.Error(err)
			}
			for part := range 64 {
				_, _ = w.Write(message[part*len(message)/64 : (part+1)*len(message)/64]) // Run says what has arrived
				time.Sleep(10 * time.Second)
			}
			w.Close()
			k.ok(r)
			k.idle(r)
		}})
		if r, err := dial(t, s).Run(t.Context(), "x"); err != nil || len(r.Stdout) != 1<<20 {
			t.Errorf("%d bytes, %v", len(r.Stdout), err)
		}
	})
}

// What is sent to a kernel that has just been restarted, or by it, may be lost.
func TestTheFirstRunWaitsForAKernelThatAnswers(t *testing.T) {
	t.Parallel()
	eachFormInABubble(t, func(t *testing.T, form string) {
		asked, ran := 0, 0
		s := start(t, &server{form: form, execute: func(k *link, r request) { ran++; echo(k, r) }, info: func(k *link, r request) {
			switch asked++; {
			case asked < 3: // lost
			case asked == 3: // its output is lost
				k.send("shell", "kernel_info_reply", r.id(), obj{"status": "ok"})
			default:
				if ran > 0 {
					t.Error("the kernel was asked after code was sent")
				}
				k.info(r)
			}
		}})
		c := dial(t, s)
		begun := time.Now()
		for range 3 {
			if r, err := c.Run(t.Context(), "x"); err != nil || r.Stdout != "x" {
				t.Errorf("%+v, %v", r, err)
			}
		}
		if took := time.Since(begun); took != 3500*time.Millisecond || asked != 4 || ran != 3 {
			t.Errorf("it was asked %d times within %v, and ran code %d times", asked, took, ran)
		}
	})
}

func TestAKernelThatDoesNotAnswerIsGivenUpWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var hears atomic.Bool
		asked := 0
		s := start(t, &server{form: v1, execute: echo, info: func(k *link, r request) {
			if asked++; hears.Load() {
				k.info(r)
			}
		}})
		c := dial(t, s)
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			var e *kernel.Error
			if _, err := c.Run(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &e) || e.Sent || !strings.Contains(err.Error(), "does not answer") {
				t.Error(err)
			}
			cancel()
		}
		if synctest.Wait(); asked > 24 {
			t.Errorf("the kernel was asked %d times in two minutes", asked)
		}
		hears.Store(true)
		if r, err := c.Run(t.Context(), "x"); err != nil || r.Stdout != "x" {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestCloseEndsRunsAndIsShort(t *testing.T) {
	t.Parallel()
	for name, deaf := range map[string]bool{"a server that answers": false, "a server that does not": true} {
		synctest.Test(t, func(t *testing.T) {
			gone, running := make(chan struct{}), make(chan struct{})
			s := start(t, &server{form: v1, deaf: deaf, execute: func(k *link, r request) {
				k.print(r, "stdout", "part")
				if close(running); deaf {
					<-gone
				}
			}})
			c := dial(t, s)
			var all sync.WaitGroup
			all.Go(func() {
				r, err := c.Run(t.Context(), "x")
				if !errors.Is(err, kernel.ErrClosed) || r.Stdout != "part" || r.Complete {
					t.Errorf("%s: %+v, %v", name, r, err)
				}
			})
			all.Go(func() {
				<-running
				if _, err := c.Run(t.Context(), "waits"); !errors.Is(err, kernel.ErrClosed) {
					t.Errorf("%s: the second: %v", name, err)
				}
			})
			<-running
			synctest.Wait()
			begun := time.Now()
			for range 3 {
				all.Go(func() {
					if err := c.Close(); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				})
			}
			all.Wait()
			if took := time.Since(begun); took > 2*time.Second || deaf != (took > 0) {
				t.Errorf("%s: Close took %v", name, took)
			}
			close(gone)
			if _, err := c.Run(t.Context(), "x"); !errors.Is(err, kernel.ErrClosed) || !strings.Contains(err.Error(), "this side has closed it") {
				t.Errorf("%s: after Close: %v", name, err)
			}
		})
	}
}
