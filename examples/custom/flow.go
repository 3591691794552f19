package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// broker is a flow: it gets the token of Machine from the broker at URL.
type broker struct {
	URL     string
	Machine string
	HTTP    *http.Client
}

var (
	_ auth.TraitedFlow = broker{}
	_ auth.Renewer     = broker{}
)

// Traits names the flow, so that its logins have keys of their own in a store. It asks
// no person, hence nothing else to say.
func (broker) Traits() auth.Traits { return auth.Traits{Name: "broker"} }

// Obtain requests a token. Which errors it returns decides what happens next:
// [auth.ErrRejected] is final, after any other error the Authenticator tries again.
func (b broker) Obtain(ctx context.Context, _ auth.Env, _ *auth.Credentials) (*auth.Credentials, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.URL+"?machine="+url.QueryEscape(b.Machine), nil)
	if err != nil {
		return nil, err
	}
	res, err := b.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusForbidden:
		return nil, fmt.Errorf("%w: the broker does not know machine %q: register it first", auth.ErrRejected, b.Machine)
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the broker answered %s", res.Status)
	}
	var answer struct {
		Token   string `json:"token"`
		Seconds int    `json:"seconds"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&answer); err != nil {
		return nil, fmt.Errorf("the broker's answer: %w", err)
	}
	now := time.Now()
	return &auth.Credentials{
		AccessToken: answer.Token,
		IssuedAt:    now,
		Expiry:      now.Add(time.Duration(answer.Seconds) * time.Second),
	}, nil
}

// Renew makes the flow an [auth.Renewer]: the Authenticator may call it in the
// background, before the token expires.
func (b broker) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	return b.Obtain(ctx, env, prev)
}
