package flow

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/loopback"
)

// read reads replies until one is an answer to this login.
func (s *browserLogin) read(ctx context.Context, replier auth.Replier, prompt auth.Prompt) error {
	prompt.Opening = false
	for ctx.Err() == nil {
		line, err := replier.Reply(ctx)
		if err != nil {
			return err
		}
		code, err := s.callback.pasted(line)
		if !errors.Is(err, errStray) {
			s.take(verdict{code, err})
			return nil
		}
		prompt.Problem = err.Error()
		if err := s.env.Prompter.Prompt(ctx, prompt); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// take makes v the answer, unless there is one already, and reports whether it did.
func (s *browserLogin) take(v verdict) (first bool) {
	s.claim.Do(func() {
		first = true
		s.answered <- v
	})
	return first
}

// answer returns the page that the browser shows.
func (s *browserLogin) answer(ctx context.Context, query url.Values) loopback.Page {
	code, err := s.callback.judge(query)
	if errors.Is(err, errStray) {
		logger(s.env).DebugContext(ctx, "a request that does not belong to the login was ignored")
		return page(http.StatusBadRequest, "Ignored", "This address belongs to another login. The login is still waiting.")
	}
	if !s.take(verdict{code, err}) {
		return page(http.StatusConflict, "Already used", "This login has already been answered.")
	}
	select {
	case <-s.finished:
	case <-ctx.Done():
		return page(http.StatusServiceUnavailable, "Interrupted", "The login was interrupted. Start it again in the program.")
	}
	if s.outcome != nil {
		return page(http.StatusBadRequest, "Login failed", "The program that asked you to log in says why. You can close this page.")
	}
	return page(http.StatusOK, "Logged in", "You can close this page and go back to the program.")
}

func page(status int, title, text string) loopback.Page {
	return loopback.Page{Status: status, Title: title, Text: text}
}
