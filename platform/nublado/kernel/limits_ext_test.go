package kernel_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/platform/nublado/kernel"
)

func TestAMessageOverTheLimitEndsTheConnection(t *testing.T) {
	t.Parallel()
	eachForm(t, func(t *testing.T, form string) {
		for _, tt := range []struct {
			size int
			want error
		}{{60_000, nil}, {100_000, kernel.ErrTooLarge}, {3_000_000, kernel.ErrTooLarge}} {
			s := start(t, &server{form: form, execute: func(k *link, r request) {
				k.print(r, "stdout", "first")
				k.print(r, "stdout", strings.Repeat("x", tt.size))
				k.ok(r)
				k.idle(r)
			}})
			c := dial(t, s, kernel.WithMaxMessage(100_000))
			r, err := c.Run(t.Context(), "x")
			if !errors.Is(err, tt.want) || !strings.HasPrefix(r.Stdout, "first") || r.Complete != (tt.want == nil) {
				t.Errorf("%d bytes: %d bytes, complete %v, %v", tt.size, len(r.Stdout), r.Complete, err)
			}
			if tt.want == nil {
				continue
			}
			if text := err.Error(); !strings.Contains(text, "100000 bytes") || !strings.Contains(text, "WithMaxMessage") {
				t.Error(text)
			}
			<-c.Done()
		}
	})
}

// The kernel continues, so the connection does too.
func TestOutputOverTheLimitEndsTheRunAndInterruptsIt(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	display := obj{"data": obj{}}
	for name, flood := range map[string]func(*link, request){
		"large pieces": func(k *link, r request) { k.print(r, "stdout", strings.Repeat("x", 100_000)) },
		"small pieces": func(k *link, r request) { k.print(r, "stdout", strings.Repeat("x", 1000)) },
		"two streams":  func(k *link, r request) { k.print(r, "stdout", strings.Repeat("x", 500)); k.print(r, "stderr", "") },
		"displays": func(k *link, r request) {
			k.send("iopub", "display_data", r.id(), obj{"data": obj{"image/png": strings.Repeat("x", 5000)}})
		},
		"empty displays":    func(k *link, r request) { k.send("iopub", "display_data", r.id(), display) },
		"values":            func(k *link, r request) { k.send("iopub", "execute_result", r.id(), display) },
		"escapes, 6 for 1":  func(k *link, r request) { k.print(r, "stdout", strings.Repeat("\x01", 5000)) },
		"after the reply":   func(k *link, r request) { k.ok(r); k.print(r, "stdout", strings.Repeat("x", 5000)) },
		"nothing but empty": func(k *link, r request) { k.print(r, "stdout", ""); k.print(r, "stderr", "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			interrupted := make(chan struct{})
			s := start(t, &server{form: v1, execute: func(k *link, r request) {
				if r.code() != "flood" {
					echo(k, r)
					return
				}
				for {
					select {
					case <-interrupted:
						k.print(r, "stdout", "late")
						k.ok(r)
						k.idle(r)
						return
					default:
						flood(k, r)
					}
				}
			}})
			c := dial(t, s, kernel.WithMaxOutput(limit), kernel.WithInterrupt(func(context.Context) error { close(interrupted); return nil }))
			r, err := c.Run(t.Context(), "flood")
			kept := len(r.Stdout) + len(r.Stderr)
			for _, d := range r.Displays {
				kept += len(d.Data["image/png"])
			}
			if !errors.Is(err, kernel.ErrTooLarge) || r.Complete || kept > limit || len(r.Displays) > limit/64 ||
				!strings.Contains(err.Error(), "1048576 bytes") || !strings.Contains(err.Error(), "WithMaxOutput") {
				t.Errorf("%d bytes, %d displays, complete %v, %v", kept, len(r.Displays), r.Complete, err)
			}
			if r, err = c.Run(t.Context(), "next"); err != nil || r.Stdout != "next" {
				t.Errorf("the next run: %+v, %v", r, err)
			}
		})
	}
}

func TestTheDefaultsLetMegabytesThrough(t *testing.T) {
	t.Parallel()
	s := start(t, &server{form: v1, execute: func(k *link, r request) {
		k.print(r, "stdout", strings.Repeat("x", 2<<20))
		k.ok(r)
		k.idle(r)
	}})
	r, err := dial(t, s, kernel.WithMaxMessage(0), kernel.WithMaxOutput(-1)).Run(t.Context(), "x")
	if err != nil || len(r.Stdout) != 2<<20 {
		t.Errorf("%d bytes, %v", len(r.Stdout), err)
	}
}

// A server that cannot send its ping, or get the answer, within a large message ends it.
func TestLargeCodeIsSentInPieces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		read := make(chan int, 1)
		s := start(t, &server{form: v1, slow: time.Second, execute: func(k *link, r request) {
			read <- len(r.code())
			k.ok(r)
			k.idle(r)
		}})
		c := dial(t, s, kernel.WithKeepAlive(4*time.Second))
		if _, err := c.Run(t.Context(), strings.Repeat("x", 1<<20)); err != nil || <-read != 1<<20 {
			t.Error(err)
		}
	})
}
