// Command jetway logs in to ML and workflow platforms, keeps the login where programs of
// this library find it, and calls the backend with it: see jetway --help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/jetway-go/jetway/cmd/jetway/internal/command"
)

func main() {
	if text, ok := command.QuickHelp(os.Args[1:]); ok {
		_, err := os.Stdout.WriteString(text)
		os.Exit(command.Written(err))
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} { // a closed terminal leaves no process behind
		if !signal.Ignored(s) { // as under nohup
			signal.Notify(signals, s)
		}
	}
	go func() {
		<-signals
		cancel(command.Interrupted())
		<-signals // a second one ends the program at once
		os.Exit(command.InterruptedCode)
	}()
	os.Exit(command.Run(ctx, command.System(), os.Args[1:]))
}
