//go:build unix

package flow_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
)

// What the program gives to a flow may panic on a goroutine of this package; that must
// not end the program.

type breakingReplier struct{ *notes }

func (breakingReplier) Reply(context.Context) (string, error) { panic("canary") }

func TestPanickingReplierOnlyEndsTheReplies(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	env, prompts := p.env(t)
	env.Prompter = breakingReplier{prompts}
	v := newVisitor(t)
	if _, err := (flow.PKCE{OpenBrowser: v.open}).Obtain(t.Context(), env, nil); err != nil {
		t.Error(err)
	}
	<-v.pages
}

func TestPanickingBrowserFailsALoginWithoutAPrompter(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	env, _ := p.env(t)
	env.Prompter = nil
	_, err := flow.PKCE{OpenBrowser: func(context.Context, string) error { panic("canary") }}.Obtain(t.Context(), env, nil)
	if err == nil || !strings.Contains(err.Error(), "open the browser: panicked (string)") || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
}

type breakingWriter struct{}

func (breakingWriter) Write([]byte) (int, error) { panic("canary") }
func (breakingWriter) Read([]byte) (int, error)  { panic("canary") }

func TestPanickingInputAndStderrDoNotFailACommand(t *testing.T) {
	t.Parallel()
	f := flow.Command{Argv: []string{"sh", "-c", "cat; echo warning >&2; echo token"}, Stdin: breakingWriter{}, Stderr: breakingWriter{}}
	if c, err := f.Obtain(t.Context(), auth.Env{}, nil); err != nil || c.AccessToken != "token" {
		t.Errorf("got %v, %v", c, err)
	}
}
