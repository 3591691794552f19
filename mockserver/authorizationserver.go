package mockserver

import (
	"net/http"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// NewAuthorizationServer makes the authorization server alone, to be served at
// cfg.Issuer: every endpoint lies below it, except for the well-known documents,
// which lie where the standards put them. [New] makes the whole mock instead.
func NewAuthorizationServer(cfg oauth.Config) (http.Handler, error) {
	s, err := authserver.New(cfg)
	if err != nil {
		return nil, &Error{Op: "make the authorization server", Err: err}
	}
	return s, nil
}
