package flow

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// OriginError says that a login was kept from a server that did not issue it: the
// configuration names another one than when the login was made. Nothing was sent,
// and what is stored stays, as the configuration may be set back.
//
// For a renewal it wraps [auth.ErrInteractionRequired].
type OriginError struct {
	// Issued is the server that issued the login, such as https://login.example.com.
	Issued string
	// Configured is the server that the configuration names now.
	Configured string

	revocation bool
}

func (e *OriginError) Error() string {
	issued, configured := cleaned(e.Issued, 255), cmp.Or(cleaned(e.Configured, 255), "none")
	if e.revocation {
		return fmt.Sprintf("the login is from %s and was not sent to the configured revocation endpoint at %s, which it does not know;"+
			" end the session at its own server, or its tokens live until they expire", issued, configured)
	}
	return fmt.Sprintf("%v: the stored login is from %s and was not sent to the configured token endpoint at %s;"+
		" log in again if that is right, or set the configuration back", auth.ErrInteractionRequired, issued, configured)
}

// Unwrap returns [auth.ErrInteractionRequired] for a renewal, nil for a revocation.
func (e *OriginError) Unwrap() error {
	if e.revocation {
		return nil
	}
	return auth.ErrInteractionRequired
}

// GRPCStatus makes status.FromError and status.Code work on the error.
func (e *OriginError) GRPCStatus() *status.Status {
	return status.New(auth.Code(e), e.Error())
}

// bind notes the servers that c may be sent to later on. A revocation endpoint may
// be on a server of its own; it counts as configured at the login, not as somebody
// configures it afterwards.
func bind(c *auth.Credentials, tokenEndpoint string, cfg configstore.ClientConfig) {
	c.TokenOrigin = origin(tokenEndpoint)
	if c.RevocationOrigin = origin(cfg.RevocationEndpoint); c.RevocationOrigin == c.TokenOrigin {
		c.RevocationOrigin = ""
	}
}

// mayRenew tells whether the refresh token of c may go to the endpoint.
func mayRenew(c *auth.Credentials, endpoint string) error {
	if c.TokenOrigin == "" || leadsTo(endpoint, c.TokenOrigin) {
		return nil
	}
	return &OriginError{Issued: c.TokenOrigin, Configured: origin(endpoint)}
}

// mayRevoke tells whether the tokens of c may go to the endpoint.
func mayRevoke(c *auth.Credentials, endpoint string) error {
	if c.TokenOrigin == "" || leadsTo(endpoint, c.TokenOrigin) || leadsTo(endpoint, c.RevocationOrigin) {
		return nil
	}
	return &OriginError{Issued: c.TokenOrigin, Configured: origin(endpoint), revocation: true}
}

func isElsewhere(err error) bool {
	elsewhere := (*OriginError)(nil)
	return errors.As(err, &elsewhere)
}

func leadsTo(endpoint, server string) bool {
	to := origin(endpoint)
	return to != "" && to == origin(server)
}

// origin says which server a URL leads to (RFC 6454 §4): scheme, host and port,
// without the port that the scheme has anyway. What leads nowhere has none.
func origin(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Hostname() == "" {
		return ""
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	switch {
	case port != "" && port != map[string]string{"https": "443", "http": "80"}[u.Scheme]:
		host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	return u.Scheme + "://" + host
}
