package main

import (
	"context"
	"fmt"
	"io"

	"github.com/jetway-go/jetway/auth"
)

// terminal shows the person what to do.
func terminal(_ io.Reader, out io.Writer) auth.Prompter { return prompter{out} }

type prompter struct{ out io.Writer }

func (p prompter) Prompt(_ context.Context, prompt auth.Prompt) error {
	_, err := fmt.Fprintln(p.out, "To log in, open", prompt.URL, prompt.Code)
	return err
}
