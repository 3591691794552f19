package live

import (
	"fmt"
	"time"

	"github.com/jetway-go/jetway/cmd/jetway/internal/stdio"
)

// frames are the states of a spinner.
const frames = `|/-\`

// Spinner says what is waited for, and for how long, from the first fifth of a second
// until the function that it returns is called; to call it again does nothing. The text
// is asked for each time.
func Spinner(io *stdio.Streams, text func() string) (stop func()) {
	if !io.MayDraw() {
		return func() {}
	}
	s := New(io)
	began := time.Now()
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-done:
				s.Close(false)
				return
			case <-tick.C:
				s.Draw([]string{fmt.Sprintf("%c %s (%s)", frames[i%len(frames)], text(), time.Since(began).Round(time.Second))})
			}
		}
	}()
	stopped := false
	return func() {
		if !stopped {
			close(done)
			stopped = true
		}
		<-ended
	}
}
