package flow

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/jetway-go/jetway/configstore"
)

// proof is how a machine's client authenticates: by a secret, by a JWT that it signs, or
// by one that was issued to it.
type proof struct {
	secret    Secret
	style     AuthStyle
	key       PrivateKey
	assertion Secret
}

func (p proof) none() bool {
	return p.secret.from == nil && p.key.PEM.from == nil && p.assertion.from == nil
}

// on puts the proof on a request.
func (p proof) on(req tokenRequest, cfg configstore.ClientConfig) (tokenRequest, error) {
	set := 0
	for _, s := range []Secret{p.secret, p.key.PEM, p.assertion} {
		if s.from != nil {
			set++
		}
	}
	var err error
	switch {
	case set > 1:
		return tokenRequest{}, setting(errors.New("set one of client secret, private key and assertion, not several"))
	case p.key.PEM.from != nil:
		req.assert, err = p.key.asserter(req.clientID)
		return req, err
	case p.assertion.from != nil:
		req.assert = func(string) (string, error) { return p.assertion.Read() }
		return req, nil
	}
	if req.clientSecret, err = p.secret.Read(); err != nil {
		return tokenRequest{}, inClientSecret(err)
	}
	if req.style, err = p.style.choose(cfg.AuthMethods); err != nil {
		return tokenRequest{}, err
	}
	return req, req.checkStyle()
}

func inClientSecret(err error) error { return fmt.Errorf("client secret: %w", err) }

// checkStyle returns an error if the server could not tell ID and secret apart.
func (r tokenRequest) checkStyle() error {
	if r.style == StyleBasicRaw && strings.Contains(r.clientID, ":") {
		return setting(errors.New("a client ID with a colon cannot be sent as StyleBasicRaw, use StyleBasic or StyleForm"))
	}
	return nil
}

// asserter makes a client assertion for a token endpoint.
type asserter func(endpoint string) (string, error)

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// proven returns the request with a new assertion, where it needs one: servers accept
// each only once.
func (r tokenRequest) proven() (tokenRequest, error) {
	if r.assert == nil {
		return r, nil
	}
	jwt, err := r.assert(r.endpoint)
	if err != nil {
		return r, fmt.Errorf("client assertion: %w", err)
	}
	r.form = maps.Clone(r.form)
	r.form["client_assertion_type"] = []string{jwtBearer}
	r.form["client_assertion"] = []string{bareToken(jwt, "")}
	return r, nil
}
