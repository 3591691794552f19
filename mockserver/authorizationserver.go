package mockserver

import (
	"net/http"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// NewAuthorizationServer returns the authorization server alone, to be served at
// cfg.Issuer: every endpoint lies below that path, except for the well-known documents,
// whose places RFC 8414 and OpenID Connect define. [New] starts the whole mock.
func NewAuthorizationServer(cfg oauth.Config) (http.Handler, error) {
	s, err := authserver.New(cfg)
	if err != nil {
		return nil, &Error{Op: "make the authorization server", Err: err}
	}
	return s, nil
}
