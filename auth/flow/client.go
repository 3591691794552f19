package flow

import (
	"cmp"
	"errors"
	"net/url"

	"github.com/jetway-go/jetway/configstore"
)

// client is an OAuth client, public unless it has a secret.
type client struct {
	id     string
	secret Secret
	style  AuthStyle
}

var errNoClient = setting(errors.New("the configuration names no client: set ClientConfig.ClientID"))

// request makes a request of form. A client without an ID gets that of the
// configuration.
func (c client) request(cfg configstore.ClientConfig, form url.Values) (tokenRequest, error) {
	req := tokenRequest{clientID: cmp.Or(c.id, cfg.ClientID), style: StyleForm, form: form}
	if req.clientID == "" {
		return tokenRequest{}, errNoClient
	}
	if c.secret.from == nil {
		return req, nil
	}
	var err error
	if req.clientSecret, err = c.secret.Read(); err != nil {
		return tokenRequest{}, inClientSecret(err)
	}
	if req.style, err = c.style.choose(cfg.AuthMethods); err != nil {
		return tokenRequest{}, err
	}
	return req, req.checkStyle()
}
