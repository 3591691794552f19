package flow

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"sync"

	"golang.org/x/oauth2"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/internal/browser"
	"github.com/jetway-go/jetway/internal/loopback"
)

// browserLogin is one run of [PKCE].
type browserLogin struct {
	flow PKCE
	env  auth.Env
	cfg  configstore.ClientConfig
	host string // of the authorization endpoint

	callback    callback
	verifier    string
	redirectURI string

	claim    sync.Once
	answered chan verdict  // from the browser or a pasted address; one at most
	finished chan struct{} // closed when outcome is known
	outcome  error
}

type verdict struct {
	code string
	err  error
}

func (s *browserLogin) listen(ctx context.Context) (*loopback.Server, error) {
	uri := s.flow.RedirectURI
	if uri == "" {
		uri = s.cfg.RedirectURI
	}
	return loopback.Listen(ctx, uri, s.flow.Ports)
}

// run waits for the person and gets the token. The browser gets its page after that,
// so that the page says how the login ended.
func (s *browserLogin) run(ctx context.Context, listener *loopback.Server) (*auth.Credentials, error) {
	s.redirectURI = listener.RedirectURI()
	s.verifier = oauth2.GenerateVerifier()
	s.callback = callback{state: rand.Text() + rand.Text(), issuer: s.cfg.Issuer, issRequired: s.cfg.IssRequired, host: s.host}
	s.answered, s.finished = make(chan verdict, 1), make(chan struct{})
	listener.Serve(s.answer)
	defer func() {
		if err := listener.Close(ctx); err != nil {
			logger(s.env).DebugContext(ctx, "the browser may not have received its page", slog.Any("error", err))
		}
	}()

	var c *auth.Credentials
	code, err := s.wait(ctx)
	if err == nil {
		c, err = s.exchange(ctx, code)
	}
	s.outcome = err
	close(s.finished)
	return c, err
}

// wait asks the person to log in and returns the code.
func (s *browserLogin) wait(ctx context.Context) (string, error) {
	address, err := s.address()
	if err != nil {
		return "", err
	}
	limited, cancel := context.WithTimeout(ctx, s.flow.limit())
	defer cancel()
	opened, err := s.ask(limited, address)
	if err != nil {
		return "", err
	}
	for {
		select {
		case v := <-s.answered:
			return v.code, v.err
		case err := <-opened:
			if err == nil {
				continue
			}
			logger(s.env).WarnContext(ctx, "no browser could be opened", slog.Any("error", err))
			if s.env.Prompter == nil {
				return "", fmt.Errorf("open the browser: %w", err)
			}
		case <-limited.Done():
			if ctx.Err() != nil {
				return "", ctx.Err()
			}
			return "", fmt.Errorf("%w (%v)", ErrLoginTimeout, s.flow.limit())
		}
	}
}

// ask shows the address, reads replies and opens the browser, in this order: a browser
// may fail to appear without an error. The result of opening it arrives in opened.
func (s *browserLogin) ask(ctx context.Context, address string) (opened <-chan error, err error) {
	open := s.flow.OpenBrowser
	if open == nil && s.flow.environment().browsing() {
		open = browser.Open
	}
	if s.flow.NoBrowser {
		open = nil
	}
	replier, _ := s.env.Prompter.(auth.Replier)
	deadline, _ := ctx.Deadline()
	prompt := auth.Prompt{URL: address, Expiry: deadline, Opening: open != nil, Pasting: replier != nil}
	if s.env.Prompter != nil {
		if err := s.env.Prompter.Prompt(ctx, prompt); err != nil {
			return nil, errNotShown(err)
		}
	}
	if replier != nil {
		go func() {
			if err := safely(func() error { return s.read(ctx, replier, prompt) }); err != nil {
				logger(s.env).DebugContext(ctx, "no more replies are read", slog.Any("error", err))
			}
		}()
	}
	if open == nil {
		return nil, nil //nolint:nilnil // nothing is opened, so there is no result
	}
	result := make(chan error, 1)
	go func() { result <- safely(func() error { return open(ctx, address) }) }()
	return result, nil
}

// address returns the authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3). It keeps
// the query of the endpoint's URL, as RFC 6749 §3.1 requires.
func (s *browserLogin) address() (string, error) {
	u, err := url.Parse(s.cfg.AuthorizationEndpoint)
	if err != nil {
		return "", errors.New("the authorization endpoint is no URL: correct ClientConfig.AuthorizationEndpoint")
	}
	client, err := s.flow.client().request(s.cfg, nil)
	if err != nil {
		return "", err
	}
	query := u.Query()
	own := url.Values{
		"response_type":         {"code"},
		"client_id":             {client.clientID},
		"redirect_uri":          {s.redirectURI},
		"state":                 {s.callback.state},
		"code_challenge":        {oauth2.S256ChallengeFromVerifier(s.verifier)},
		"code_challenge_method": {"S256"},
	}
	if err := s.flow.ask().fill(own, s.cfg); err != nil {
		return "", err
	}
	maps.Copy(query, own)
	u.RawQuery = query.Encode()
	return browser.Check(u.String())
}

// exchange redeems the code for a token (RFC 6749 §4.1.3, RFC 7636 §4.5). A code works
// once, so a request that may have arrived is not sent again.
func (s *browserLogin) exchange(ctx context.Context, code string) (*auth.Credentials, error) {
	env := s.env
	env.Config = fixedConfig(s.cfg)
	return login(ctx, env, func(cfg configstore.ClientConfig) (tokenRequest, error) {
		form := grantForm(grantCode, "code", code, "redirect_uri", s.redirectURI, "code_verifier", s.verifier)
		if err := s.flow.tokenAsk().fillOwn(form); err != nil {
			return tokenRequest{}, err
		}
		asked := s.flow.ask()
		req, err := s.flow.client().request(cfg, form)
		req.asked = &asked
		return req, err
	})
}
