package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// silentError says that there was no answer in time. Of an outage the errors before it say more.
type silentError struct {
	limit  time.Duration
	before string // the last one that says more, "" if there is none
}

func (e *silentError) Error() string {
	text := fmt.Sprintf("%v: no answer within %v", ErrUnreachable, e.limit)
	if e.before != "" {
		text += "; before that: " + e.before
	}
	return text
}

func (e *silentError) Unwrap() error { return ErrUnreachable }

// unreachable returns the error for err of a command. Where the caller's context ended it
// wraps that.
func (s *Store) unreachable(ctx context.Context, err error, limit time.Duration) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w: no answer: %w", ErrUnreachable, ctx.Err())
	case errors.Is(err, context.DeadlineExceeded):
		before, answered := s.outage.before()
		if before == "" && !answered && s.overTLS() {
			before = "none (" + noTLS + ")"
		}
		return &silentError{limit, before}
	default:
		text := printable(err.Error())
		return fmt.Errorf("%w: %s%s", ErrUnreachable, text, s.advice(text))
	}
}

// overTLS reports whether the client is set to use TLS, as far as that can be seen.
func (s *Store) overTLS() bool {
	switch c := s.client.(type) {
	case *redis.Client:
		return c.Options().TLSConfig != nil
	case *redis.ClusterClient:
		return c.Options().TLSConfig != nil
	default:
		return false
	}
}

const (
	rights = "give the ACL user of the client the keys, channels and commands that this package needs"
	names  = "set ServerName in the TLSConfig of the client to a name in the certificate of the server"
	noTLS  = "the client uses TLS: without it on this port, Redis does not answer"
	hasTLS = "if this port of Redis uses TLS, set the TLSConfig of the client"
)

// advice returns what to do where a server refuses commands for good.
func (s *Store) advice(text string) string {
	for _, a := range []struct{ says, do string }{
		{"NOAUTH", "set Username and Password of the client"},
		{"unauthenticated", "set Username and Password of the client"},
		{"WRONGPASS", "correct Username and Password of the client"},
		{"NOPERM", rights},
		{"The user executing the script can't", rights}, // Redis 7.0
		{"ACL failure in script", rights},
		{"MOVED", "this is a Cluster: use a client for one, such as redis.NewClusterClient"},
		{"READONLY", "this is a replica: connect the client to the master"},
		{"OOM", "the server has used up its maxmemory: raise it, or delete other data"},
		{"signed by unknown authority", "add the authority of the server to RootCAs in the TLSConfig of the client"},
		{"certificate is valid for", names},
		{"not valid for any names", names},
		{"any IP SANs", names},
		{"tls: certificate required", "set Certificates in the TLSConfig of the client"},
		{"tls: unknown certificate authority", "the server does not know the authority of the client's certificate"},
		{"does not look like a TLS handshake", noTLS},
	} {
		if strings.Contains(text, a.says) {
			return " (" + a.do + ")"
		}
	}
	ended := strings.HasSuffix(text, "EOF") || strings.Contains(text, "reset by peer")
	if _, answered := s.outage.before(); ended && !answered && !s.overTLS() {
		return " (" + hasTLS + ")"
	}
	return ""
}

// printable is for the text of servers and of the network: one line of at most 300 bytes,
// without the arguments of a command that a server did not know, such as a password.
func printable(text string) string {
	text, _, _ = strings.Cut(text, ", with args beginning with:")
	text = strings.ToValidUTF8(text[:min(len(text), 300)], "")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}
