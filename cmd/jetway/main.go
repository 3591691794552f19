// Command jetway logs in to ML and workflow platforms, keeps the login where programs of
// this library find it, and calls the backend with it: see jetway --help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

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
	go func() {
		<-signals
		cancel(failure.ErrInterrupted)
		<-signals // a second one ends the program at once
		os.Exit(failure.Interrupted)
	}()
	os.Exit(command.Run(ctx, command.System(), os.Args[1:]))
}
