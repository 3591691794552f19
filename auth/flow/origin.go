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
	"github.com/jetway-go/jetway/internal/fault"
)

// OriginError says that a token was not sent because the configuration names another
// server than the one that issued it. The stored login is not deleted, since the
// configuration may be changed back.
//
// For a refresh it wraps [auth.ErrInteractionRequired].
type OriginError struct {
	// Issued is the server that issued the login, such as https://login.example.com.
	Issued string
	// Configured is the server that the configuration names now.
	Configured string

	revocation bool
}

// Error names both servers and says what to do.
func (e *OriginError) Error() string {
	issued, configured := fault.Foreign(e.Issued, 255), cmp.Or(fault.Foreign(e.Configured, 255), "none")
	if e.revocation {
		return fmt.Sprintf("the tokens were issued by %s and were not sent to the configured revocation endpoint at %s;"+
			" revoke them at their own server, or they stay valid until they expire", issued, configured)
	}
	return fmt.Sprintf("%v: the refresh token was issued by %s and was not sent to the configured token endpoint at %s;"+
		" log in again if that endpoint is right, or set the configuration back", auth.ErrInteractionRequired, issued, configured)
}

// Unwrap returns [auth.ErrInteractionRequired] for a refresh, nil for a revocation.
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

// bind stores in c the servers that its tokens may be sent to. A revocation endpoint may
// be on another server; the one that was configured at the login counts, not one that is
// configured later.
func bind(c *auth.Credentials, tokenEndpoint string, cfg configstore.ClientConfig) {
	c.TokenOrigin = origin(tokenEndpoint)
	if c.RevocationOrigin = origin(cfg.RevocationEndpoint); c.RevocationOrigin == c.TokenOrigin {
		c.RevocationOrigin = ""
	}
}

// mayRefresh returns why the refresh token of c must not be sent to endpoint, nil if it may.
func mayRefresh(c *auth.Credentials, endpoint string) error {
	if c.TokenOrigin == "" || leadsTo(endpoint, c.TokenOrigin) {
		return nil
	}
	return &OriginError{Issued: c.TokenOrigin, Configured: origin(endpoint)}
}

// mayRevoke returns why the tokens of c must not be sent to endpoint, nil if they may.
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

// origin returns the server of a URL (RFC 6454 §4): scheme, host and port, without the
// default port of the scheme; "" for a text that is no URL.
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
