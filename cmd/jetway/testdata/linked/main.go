// Command linked links package clientset and does nothing with it, or prints the token of a
// stored login: what jetway costs beside it is the command's own.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/jetway-go/jetway/clientset"
)

func main() {
	if len(os.Args) < 2 {
		return
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "linked:", err)
		os.Exit(1)
	}
}

func run(address string) error {
	cs, err := clientset.ForEndpoint(address, clientset.WithInsecure())
	if err != nil {
		return err
	}
	defer cs.Close()
	creds, err := cs.Authenticator().Credentials(context.Background())
	if err != nil {
		return err
	}
	_, err = fmt.Println(creds.AccessToken)
	return err
}
