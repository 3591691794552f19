// Command jetway logs in to ML and workflow platforms, keeps the login where programs of
// this library find it, and calls the backend with it: see jetway --help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jetway-go/jetway/cmd/jetway/internal/command"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	_ "github.com/jetway-go/jetway/cmd/jetway/internal/quickhelp" // prints the help before anything else starts
)

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} { // a closed terminal leaves no process behind
		if !signal.Ignored(s) { // as under nohup
			signal.Notify(signals, s)
		}
	}
	go obey(signals, cancel, os.Exit)
	os.Exit(command.Run(ctx, command.System(), os.Args[1:]))
}

// patience is how long a command may take to end after a signal. A login that is being stored
// takes less; a write to a pipe that is full, or the opening of one that has no writer, takes
// for ever, and nothing else ends it.
const patience = 10 * time.Second

// obey tells the command of the first signal, and ends the program at the second one or when
// the command's time is over.
func obey(signals <-chan os.Signal, tell func(error), exit func(int)) {
	<-signals
	tell(failure.ErrInterrupted)
	select {
	case <-signals:
	case <-time.After(patience):
	}
	exit(failure.Interrupted)
}
