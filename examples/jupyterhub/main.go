// Jupyterhub is a service of a JupyterHub that returns to each caller their own
// identity, by gRPC and on a web page. The hub starts it like this:
//
//	c.JupyterHub.services = [{
//	    "name": "whoami", "url": "http://127.0.0.1:10101", "command": ["/path/to/jupyterhub"],
//	}]
//
// and browsers find it under /services/whoami/. Without the hub's environment, it runs
// against a mock hub on this machine.
//
// Read service.go; it is all that a service needs. operate.go uses the hub's REST API:
// it lists users, makes a token, and starts and stops a server.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/jetway-go/jetway/platform/jupyterhub"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var err error
	if _, managed := os.LookupEnv(jupyterhub.EnvServiceURL); managed {
		err = serve(ctx, os.LookupEnv)
	} else {
		err = demo(ctx, os.Stdout)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "jupyterhub:", err)
		os.Exit(1)
	}
}
