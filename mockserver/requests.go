package mockserver

import (
	"context"
	"errors"
	"math"
	"net/http"

	"github.com/jetway-go/jetway/mockserver/internal/proxyauth"
	"github.com/jetway-go/jetway/mockserver/internal/requestlog"
	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/mockserver/requests"
)

// newLog returns the log of requests, which asks the other parts of the server only later.
func (s *Server) newLog() *requestlog.Log {
	return requestlog.New(requestlog.Config{
		Size: s.cfg.logSize, Now: s.clock.Now, Logger: s.cfg.logger, HeaderKey: s.cfg.headerKey,
		Side:    s.side,
		Secrets: s.secrets,
		Issued:  func(token string) bool { return s.oauth.Issued(token) },
	})
}

// side returns what an HTTP request is in the log.
func (s *Server) side(r *http.Request) (requests.Kind, oauth.Endpoint) {
	endpoint := s.oauth.EndpointAt(r.URL.Path)
	if endpoint == oauth.EndpointToken && s.proxy.Admits(r.Header.Values(proxyauth.Header)) {
		return requests.KindToken, endpoint
	}
	return requests.KindHTTP, endpoint
}

// secrets returns what the request log must not hold, besides tokens; do not change it.
func (s *Server) secrets() []string {
	return s.proxy.Secrets(func() (all []string) {
		for _, c := range s.cfg.oauth.Clients {
			all = append(all, c.Secret)
		}
		for _, a := range s.cfg.oauth.Accounts {
			all = append(all, a.Password)
		}
		for _, a := range s.cfg.attachments {
			all = append(all, a.Secrets...)
		}
		return all
	})
}

// Requests returns the requests received so far, oldest first. The maps and slices in it are
// shared: do not change them.
func (s *Server) Requests() []requests.Request { return s.Latest(math.MaxInt) }

// Latest returns the latest n requests at most, oldest first; fewer if the log keeps fewer.
// Maps and slices in it are shared: do not change them.
func (s *Server) Latest(n int) []requests.Request { return s.log.Latest(n) }

// WatchRequests calls send with each request when it arrives, and again when it is answered;
// first with those that [Server.Requests] returns, if their Number is greater than after. It
// returns nil when ctx ends or the server closes, the error of send, or [requests.ErrSlow]. The
// maps and slices of requests are shared: do not change them.
func (s *Server) WatchRequests(ctx context.Context, after uint64, send func(requests.Request) error) error {
	err := s.log.Watch(ctx, s.done, after, send)
	if errors.Is(err, requests.ErrSlow) {
		return &Error{Op: "watch requests", Err: err}
	}
	return err
}

// TokenRequests returns how many requests reached the token endpoint, whatever it
// answered, since the start or the last [Server.ResetRequests].
func (s *Server) TokenRequests() int { return s.log.Tokens() }

// ResetRequests forgets the requests received so far.
func (s *Server) ResetRequests() { s.log.Reset() }

// WithoutSecrets returns text, or "[redacted]" if text holds a token of this server or the
// secret of a client, a user or the proxy. It is for programs that show what clients have
// sent.
func (s *Server) WithoutSecrets(text string) string { return s.log.WithoutSecrets(text) }

// Changes are numbers that grow whenever something changes, for programs that look again
// and again: what has not changed need not be read.
type Changes struct {
	// Requests grows with each request that arrives or is answered, and with
	// [Server.ResetRequests].
	Requests uint64
	// Logins grows with each event in [Server.LoginRecords].
	Logins uint64
	// Runs grows with each change of a run, also by a line of its log.
	Runs uint64
}

// Changes returns how often the server's state has changed so far.
func (s *Server) Changes() Changes {
	return Changes{Requests: s.log.Version(), Logins: s.oauth.LoginVersion(), Runs: s.backend.RunChanges()}
}
