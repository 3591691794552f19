package kernel_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/platform/nublado/kernel"
)

// A kernel has nothing to print about the question for its kind; one that does must not stop
// the run, and of its output nothing is the run's.
func TestOutputAboutTheQuestionBeforeARunIsDiscarded(t *testing.T) {
	t.Parallel()
	eachForm(t, func(t *testing.T, form string) {
		c := dial(t, start(t, &server{form: form, execute: echo, info: func(k *link, r request) {
			k.print(r, "stdout", "hello")
			k.send("iopub", "display_data", r.id(), obj{"data": obj{"text/plain": "hello"}})
			k.info(r)
		}}))
		for range 2 {
			if r, err := c.Run(t.Context(), "x"); err != nil || r.Stdout != "x" || len(r.Displays) != 0 {
				t.Errorf("%+v, %v", r, err)
			}
		}
	})
}

func TestAnInterruptThatIsStillOnItsWayMeetsNoLaterRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		code := &slow{interrupt: make(chan struct{})}
		interrupt := func(context.Context) error {
			time.Sleep(5 * time.Second)
			code.notef("interrupted")
			return nil
		}
		c := dial(t, start(t, &server{form: v1, execute: code.execute}), kernel.WithInterrupt(interrupt))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Run(ctx, "loop"); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		code.interrupt <- struct{}{} // the code ends before the interrupt arrives
		synctest.Wait()
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Run(ctx, "never"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the end of the context", err)
		}
		if r, err := c.Run(t.Context(), "next"); err != nil || r.Stdout != "next" {
			t.Errorf("%+v, %v", r, err)
		}
		if got, want := fmt.Sprint(code.log), "[loop end of loop interrupted run next]"; got != want {
			t.Errorf("the kernel: %s, want %s", got, want)
		}
	})
}
