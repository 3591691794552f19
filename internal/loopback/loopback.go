// Package loopback receives the redirect that ends a login in a browser (RFC 8252
// §7.3). It listens on this machine only, for as long as the login takes, and passes on
// only a GET of the exact path under the exact host with a query that has every
// parameter once. The caller decides what that query means, and which page the user then
// sees.
//
// Call [Listen], then [Server.Serve], and [Server.Close] at the end.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	headerLimit = 5 * time.Second // to send a request in
	maxHeader   = 64 << 10        // codes can be long
	closeLimit  = 500 * time.Millisecond
)

// Answer handles a redirect and returns the page for it. It may block: ctx ends when the
// browser disconnects or the server is closed. It is called from several goroutines at
// once.
type Answer func(ctx context.Context, query url.Values) Page

// Server listens for redirects. Make one with [Listen].
type Server struct {
	redirect  redirect
	listeners []net.Listener
	http      *http.Server
	answer    Answer
	layout    *template.Template
	policy    string
	serving   sync.WaitGroup
}

// Listen opens the port that redirectURI names, or the first of ports that is
// free; port 0, or none at all, means any free one. Empty means any port of
// http://127.0.0.1/callback. For the host localhost both address families are
// listened on, as far as there are two.
func Listen(ctx context.Context, redirectURI string, ports []int) (*Server, error) {
	r, err := parseRedirect(redirectURI)
	if err != nil {
		return nil, err
	}
	page, err := newLayout()
	if err != nil {
		return nil, err
	}
	r, listeners, err := listen(ctx, r, ports)
	if err != nil {
		return nil, err
	}
	s := &Server{redirect: r, listeners: listeners, layout: page, policy: policy()}
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: headerLimit,
		ReadTimeout:       headerLimit,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // errors of requests that are not of the login
	}
	s.http.SetKeepAlivesEnabled(false)
	return s, nil
}

// RedirectURI is the redirect URI with the port that is listened on.
func (s *Server) RedirectURI() string { return s.redirect.uri() }

// Serve starts to answer requests. It is called once, and does not block.
func (s *Server) Serve(answer Answer) {
	s.answer = answer
	for _, l := range s.listeners {
		s.serving.Go(func() { _ = s.http.Serve(l) })
	}
}

// Close ends the server. Responses under way may still be sent for half a second, or
// until ctx ends.
func (s *Server) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeLimit)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	for _, l := range s.listeners {
		if closing := l.Close(); !errors.Is(closing, net.ErrClosed) {
			err = errors.Join(err, closing) // Serve was not called
		}
	}
	s.serving.Wait()
	if err != nil {
		return fmt.Errorf("close the listener: %w", err)
	}
	return nil
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if p, ok := s.foreign(w, r); ok {
		s.write(w, p)
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || repeated(query) {
		s.write(w, Page{http.StatusBadRequest, "Not understood", "This address cannot be read. The login is still waiting for the right one."})
		return
	}
	s.write(w, s.answer(r.Context(), query))
}

// foreign reports whether a request cannot be the redirect of an authorization server,
// and returns the page for it.
func (s *Server) foreign(w http.ResponseWriter, r *http.Request) (Page, bool) {
	switch {
	case !s.redirect.addressed(r.Host):
		return Page{http.StatusForbidden, "Forbidden", "This login answers under its own address only."}, true
	case r.URL.EscapedPath() != s.redirect.requested():
		return Page{http.StatusNotFound, "Not found", "There is nothing here. The login is still waiting."}, true
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		return Page{http.StatusMethodNotAllowed, "Not allowed", "This address takes GET only. The login is still waiting."}, true
	default:
		return Page{}, false
	}
}

// repeated reports whether a parameter occurs twice, which RFC 6749 §3.1 forbids: two
// programs could read different values.
func repeated(query url.Values) bool {
	for _, values := range query {
		if len(values) > 1 {
			return true
		}
	}
	return false
}
