package flow

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"time"
)

// runFed runs cmd with input. Unless the program reads a file itself, a goroutine reads
// input, and runFed does not wait for it: [exec.Cmd.Run] would wait for a reader that
// blocks, whatever the deadline.
func runFed(cmd *exec.Cmd, input io.Reader) error {
	if _, direct := input.(*os.File); direct || input == nil {
		cmd.Stdin = input
		return cmd.Run()
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		_ = safely(func() error {
			_, err := io.Copy(stdin, input) // fails where a program does not read all of it
			return err
		})
		_ = stdin.Close()
	}()
	return cmd.Wait()
}

// relayRoom is how many writes may wait, of up to 32 KiB each.
const relayRoom = 64

// relay passes writes on to a writer that may be slow or blocked, and never waits for
// it: what does not fit into the buffer is dropped. A nil relay drops everything.
type relay struct {
	waiting chan []byte
	done    chan struct{}
}

func newRelay(to io.Writer) *relay {
	if to == nil {
		return nil
	}
	r := &relay{make(chan []byte, relayRoom), make(chan struct{})}
	go func() {
		defer close(r.done)
		for p := range r.waiting {
			_ = safely(func() error { // a closed terminal must not fail the login
				_, err := to.Write(p)
				return err
			})
		}
	}()
	return r
}

func (r *relay) pass(p []byte) {
	if r == nil {
		return
	}
	select {
	case r.waiting <- bytes.Clone(p):
	default:
	}
}

// close waits, for limit at most, until the buffer has been written. Nothing may be
// passed after it.
func (r *relay) close(limit time.Duration) {
	if r == nil {
		return
	}
	close(r.waiting)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-r.done:
	case <-timer.C:
	}
}
